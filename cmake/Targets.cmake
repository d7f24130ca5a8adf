# Every library and program, in the order of who may include whom (ARCHITECTURE.md, checked by tests/tidy).

# What stays alone where files are compiled together (TRUNKLINE_UNITY).
set_source_files_properties(
  # OpenSSL's headers show these names that the files before them must not see.
  common/crypto/md5.cc common/crypto/sha.cc
  # A struct that a header names has members of types of their own, for which GCC warns in an included file.
  server/relays/turn_prober.cc tests/support/certificates.cc
  # Its http::Answer isn't the Answer of its own namespace, which others of the folder mean.
  server/relays/relay_routes.cc
  PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)

trunkline_library(common/crypto LIBS common OpenSSL::SSL OpenSSL::Crypto absl::status absl::statusor)
trunkline_library(common/config LIBS common Boost::headers CLI11::CLI11 tomlplusplus::tomlplusplus absl::status
  absl::strings)
trunkline_library(relay LIBS common common_crypto)
trunkline_library(relay/control LIBS common relay relay_control_proto)
trunkline_library(server/mtproto LIBS common common_crypto tl absl::node_hash_map)
trunkline_library(server/call LIBS common)
trunkline_library(server/picker LIBS common common_crypto absl::flat_hash_map absl::strings)
# A pick is a few loops over floats: vectorised they take a third of the time.
target_compile_options(server_picker PRIVATE $<$<CONFIG:Release>:-O3> -fno-math-errno -fno-trapping-math)
# For the same reason conditions there are joined by & and |, which Clang takes for slips.
# (Of the file, because -Wall comes after a target's options.)
set_source_files_properties(server/picker/slots.cc PROPERTIES
  COMPILE_OPTIONS $<$<CXX_COMPILER_ID:Clang>:-Wno-bitwise-instead-of-logical>)
trunkline_library(server/book LIBS common common_crypto relay server_call server_picker absl::flat_hash_map absl::node_hash_map absl::btree
  absl::inlined_vector)
# What call records are, pure; the store has the tables, server/api what HTTP says of them.
trunkline_library(server/records LIBS common absl::strings absl::statusor absl::time)
trunkline_library(server/rpc LIBS common tl server_book common_crypto)
if(TARGET journal_proto)
  trunkline_library(server/store LIBS common common_crypto server_book server_records journal_proto SQLite::SQLite3)
  trunkline_library(server/http LIBS common common_crypto server_book Boost::headers Boost::json Threads::Threads)
  trunkline_library(server/relays LIBS common common_crypto relay relay_control server_picker server_book server_http
    Boost::headers Boost::json Threads::Threads)
  trunkline_library(server/api LIBS common common_crypto server_http server_records absl::flat_hash_map absl::strings
    absl::time Boost::headers Boost::json)
  file(READ server/api/openapi.json OPENAPI)
  configure_file(server/api/openapi.cc.in gen/server/api/openapi.cc @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS server/api/openapi.json)
  target_sources(server_api PRIVATE ${CMAKE_BINARY_DIR}/gen/server/api/openapi.cc)
  trunkline_library(server/control LIBS common common_crypto server_book server_records server_http)
  trunkline_library(server/io LIBS common common_config common_crypto server_mtproto server_rpc server_book server_store server_http
    Boost::headers Threads::Threads)
  trunkline_library(server LIBS common_config common_crypto server_io server_http server_api server_control server_relays
    absl::time)
  trunkline_program(trunkline-server server/main.cc LIBS $<TARGET_NAME_IF_EXISTS:mimalloc> server)
  trunkline_library(relay/io LIBS common common_config common_crypto relay relay_control server_http Threads::Threads)
  trunkline_program(trunkline-relay relay/io/main.cc LIBS relay_io)
endif()

trunkline_library(server/tool LIBS common common_crypto Boost::headers Boost::json CLI11::CLI11)
trunkline_program(trunkline server/tool/main.cc LIBS server_tool)

trunkline_library(bench/load LIBS common common_crypto tl server_mtproto Boost::headers Boost::json Threads::Threads)
trunkline_program(trunkline-bench bench/load/main.cc LIBS bench_load CLI11::CLI11)

trunkline_library(bench/relay LIBS common relay server_picker)
trunkline_program(trunkline-relay-load bench/relay/main.cc LIBS bench_relay CLI11::CLI11)
trunkline_program(trunkline-bare-forwarder bench/peers/udp_limit/main.cc)
trunkline_program(trunkline-http-floor bench/peers/http_limit/main.cc LIBS Boost::headers Threads::Threads)

trunkline_library(bench/picker LIBS common server_picker)
trunkline_program(trunkline-picker-sim bench/picker/main.cc LIBS bench_picker CLI11::CLI11)

if(EXISTS ${CMAKE_SOURCE_DIR}/bench/micro/tl_peer.proto)
  trunkline_proto(tl_peer_proto bench/micro/tl_peer.proto)
  trunkline_bench(tl_peer LIBS tl tl_peer_proto)
endif()
trunkline_bench(relay LIBS common_crypto relay)
foreach(NAME tl crypto envelope call book)
  trunkline_bench(${NAME} LIBS tl common_crypto server_mtproto server_call server_book)
endforeach()
trunkline_bench(picker LIBS server_picker)
if(TARGET server_store)
  trunkline_bench(store LIBS server_store)
endif()
