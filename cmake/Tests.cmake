# tests/ mirrors the tree: one program per folder. e2e programs run the real server binary.

configure_file(${CMAKE_SOURCE_DIR}/tests/paths.h.in ${CMAKE_BINARY_DIR}/gen/tests/paths.h @ONLY)

# What tests of several folders use: child processes, directories and certificates of their own.
trunkline_library(tests/support LIBS common OpenSSL::Crypto)

trunkline_test(common LIBS common common_crypto tests_support)
trunkline_test(common/crypto LIBS common_crypto tests_support)
trunkline_test(common/config LIBS common_config)
trunkline_test(tl LIBS tl tl_rewrite tl_compiler)
add_dependencies(tl_test tlc)
trunkline_test(relay LIBS relay)
trunkline_test(relay/control LIBS relay_control)
trunkline_test(server/mtproto LIBS server_mtproto)
trunkline_test(server/call LIBS server_call)
trunkline_test(server/picker LIBS server_picker)
trunkline_test(server/book LIBS server_book)
trunkline_test(server/records LIBS server_records)
trunkline_test(server/rpc LIBS server_rpc)
if(TARGET server_store)
  trunkline_test(server/store LIBS server_store tests_support)
  trunkline_test(server/http LIBS server_http tests_support)
  trunkline_test(server/io LIBS server_io tests_support)
  trunkline_test(server/api LIBS server_api)
  trunkline_test(server/control LIBS server_control tests_support)
  trunkline_test(server/tool LIBS server_tool server tests_support)
  trunkline_test(sim LIBS server_io bench_load)
  trunkline_test(server LIBS server tests_support)
  trunkline_test(server/relays LIBS server_relays relay_io tests_support LABELS e2e)
  if(TARGET server_relays_test)
    target_sources(server_relays_test PRIVATE tests/relay/io/relay_process.cc)
    add_dependencies(server_relays_test trunkline-relay)
  endif()
  trunkline_test(relay/io LIBS relay_io tests_support LABELS e2e)
  if(TARGET relay_io_test)
    add_dependencies(relay_io_test trunkline-relay)
  endif()
  trunkline_test(e2e LIBS bench_load relay server_picker tests_support LABELS e2e)
  if(TARGET e2e_test)
    target_sources(e2e_test PRIVATE tests/relay/io/relay_process.cc tests/server/relays/turn_process.cc)
    add_dependencies(e2e_test trunkline-server trunkline-relay trunkline)
  endif()
endif()
trunkline_test(bench/load LIBS bench_load)
# Its deterministic promises in a small world. Sanitizers make it too long to wait for.
if(NOT TRUNKLINE_SANITIZE)
  add_test(NAME bench/picker_sim COMMAND trunkline-picker-sim --short)
endif()
trunkline_test(tidy LIBS common)

foreach(NAME frame handshake tl_reader tl_text envelope session)
  trunkline_fuzz(${NAME} LIBS tl server_mtproto)
endforeach()

foreach(NAME relay_packet relay_tcp)
  trunkline_fuzz(${NAME} LIBS relay)
endforeach()
trunkline_fuzz(relay_control LIBS relay_control)
trunkline_fuzz(stun LIBS server_picker)
if(TARGET server_api)
  trunkline_fuzz(http_json LIBS server_api)
  target_sources(fuzz_http_json PRIVATE tests/server/api/small_ledger.cc)
endif()

# What the running server answers beside what its OpenAPI document says.
if(TARGET trunkline-server)
  add_test(NAME e2e/openapi COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/contract/openapi_test.py ${CMAKE_BINARY_DIR}/bin)
  set_tests_properties(e2e/openapi PROPERTIES TIMEOUT 600 LABELS e2e)
  add_test(NAME e2e/idempotency
    COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/contract/idempotency_test.py ${CMAKE_BINARY_DIR}/bin)
  set_tests_properties(e2e/idempotency PROPERTIES TIMEOUT 120 LABELS e2e)
  add_test(NAME e2e/erasure
    COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/contract/erasure_test.py ${CMAKE_BINARY_DIR}/bin)
  set_tests_properties(e2e/erasure PROPERTIES TIMEOUT 300 LABELS e2e)
  add_test(NAME e2e/tls COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/contract/tls_test.py ${CMAKE_BINARY_DIR}/bin)
  set_tests_properties(e2e/tls PROPERTIES TIMEOUT 300 LABELS e2e)
  add_test(NAME e2e/relay_flow
    COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/contract/relay_flow_test.py ${CMAKE_BINARY_DIR}/bin)
  set_tests_properties(e2e/relay_flow PROPERTIES TIMEOUT 300 LABELS e2e)
endif()

# Each requirement of the call records has its test, and docs/records-tests.md says which.
add_test(NAME tidy/identifiers COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/contract/identifiers.py)

# The stock npm client against the server that was just built.
if(TARGET trunkline-server)
  add_test(NAME e2e/gramjs COMMAND ${CMAKE_SOURCE_DIR}/tests/e2e/gramjs/run
    ${CMAKE_BINARY_DIR}/bin/trunkline-server ${CMAKE_BINARY_DIR}/gramjs)
  set_tests_properties(e2e/gramjs PROPERTIES TIMEOUT 600 LABELS e2e)
endif()

# The whole schema, out of the default build: `script/test --long` asks for it.
if(TARGET tl_full)
  set(TL_PEER tests/tl/peer_compare.cc tests/tl/peer_maker.cc tests/tl/peer_reader.cc tests/tl/peer_schema.cc)
  add_executable(tl_full_test EXCLUDE_FROM_ALL ${TL_PEER} tests/tl/every_layer_test.cc
    tests/tl/round_trip_test.cc tests/tl/full/full_test.cc)
  target_link_libraries(tl_full_test PRIVATE tl_full_rewrite trunkline_flags GTest::gmock GTest::gtest_main)
endif()

# A fuzz target over the whole schema, and the program that made the seeds of both TL targets.
if(TARGET tl_full)
  if(TRUNKLINE_FUZZ)
    add_executable(fuzz_tl_full tests/fuzz/tl_full_fuzz.cc)
    target_link_options(fuzz_tl_full PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(fuzz_tl_full EXCLUDE_FROM_ALL tests/fuzz/tl_full_fuzz.cc tests/fuzz/replay_main.cc)
  endif()
  target_link_libraries(fuzz_tl_full PRIVATE tl_full_rewrite trunkline_flags)
  add_executable(tl_seeds EXCLUDE_FROM_ALL tests/fuzz/tl_seeds.cc tests/tl/peer_maker.cc tests/tl/peer_schema.cc)
  target_link_libraries(tl_seeds PRIVATE trunkline_flags)
endif()

# The bytes of the stock npm client against the codec's, and the codec for it by lines.
if(TARGET tl_rewrite)
  add_executable(tl_gramjs tests/tl/gramjs/main.cc
    tests/tl/peer_compare.cc tests/tl/peer_maker.cc tests/tl/peer_schema.cc)
  target_link_libraries(tl_gramjs PRIVATE trunkline_flags tl_rewrite)
  add_test(NAME tl/gramjs COMMAND ${CMAKE_SOURCE_DIR}/tests/tl/gramjs/run
    $<TARGET_FILE:tl_gramjs> ${CMAKE_BINARY_DIR}/gramjs)
  set_tests_properties(tl/gramjs PROPERTIES TIMEOUT 600 LABELS e2e)
endif()
