# Code made from data at build time, under <build>/gen: TL types and codecs by tlc, the RPC error table
# by tlc, the journal's rows by protoc. Nothing here is edited by hand or committed.

trunkline_library(common LIBS spdlog::spdlog_header_only ZLIB::ZLIB)
trunkline_library(tl/runtime)
trunkline_library(tl/compiler LIBS common tl_runtime CLI11::CLI11)
# tlc carries the schema, so that `tlc dump` works anywhere.
target_sources(tl_compiler PRIVATE ${CMAKE_SOURCE_DIR}/tl/compiler/embedded.S)
set_source_files_properties(${CMAKE_SOURCE_DIR}/tl/compiler/embedded.S PROPERTIES OBJECT_DEPENDS
  "${CMAKE_SOURCE_DIR}/tl/schema/history.tsv;${CMAKE_SOURCE_DIR}/tl/schema/mtproto.tl;${CMAKE_SOURCE_DIR}/tl/schema/secrets.txt")
trunkline_program(tlc tl/compiler/main.cc LIBS tl_compiler CLI11::CLI11)

if(TARGET tlc)
  set(TL_GEN ${CMAKE_BINARY_DIR}/gen/tl)
  file(GLOB TL_SCHEMA CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tl/schema/*)
  set(TL_GENERATED
    ${TL_GEN}/mt_types.h ${TL_GEN}/mt_codec.cc ${TL_GEN}/mt_schema.h ${TL_GEN}/mt_schema.cc
    ${TL_GEN}/api_types.h ${TL_GEN}/api_schema.h ${TL_GEN}/api_schema.cc
    ${TL_GEN}/api_read_0.cc ${TL_GEN}/api_read_1.cc ${TL_GEN}/api_read_2.cc ${TL_GEN}/api_read_3.cc
    ${TL_GEN}/api_write_0.cc ${TL_GEN}/api_write_1.cc ${TL_GEN}/api_write_2.cc ${TL_GEN}/api_write_3.cc
    ${TL_GEN}/rpc_errors.h)
  add_custom_command(OUTPUT ${TL_GENERATED}
    COMMAND tlc generate --schema ${CMAKE_SOURCE_DIR}/tl/schema --profile server --out ${TL_GEN}
    DEPENDS tlc ${TL_SCHEMA}
    COMMENT "tlc: TL types and codecs")
  set(TL_SOURCES ${TL_GENERATED})
  list(FILTER TL_SOURCES INCLUDE REGEX "\\.cc$")
  add_library(tl STATIC ${TL_SOURCES})
  target_link_libraries(tl PUBLIC trunkline_flags common tl_runtime)
  add_custom_target(tl_headers DEPENDS ${TL_GENERATED})
endif()

if(EXISTS ${CMAKE_SOURCE_DIR}/server/store/journal.proto)
  set(STORE_GEN ${CMAKE_BINARY_DIR}/gen/server/store)
  file(MAKE_DIRECTORY ${STORE_GEN})
  add_custom_command(OUTPUT ${STORE_GEN}/journal.pb.cc ${STORE_GEN}/journal.pb.h
    COMMAND protobuf::protoc --cpp_out=${CMAKE_BINARY_DIR}/gen -I${CMAKE_SOURCE_DIR} server/store/journal.proto
    DEPENDS ${CMAKE_SOURCE_DIR}/server/store/journal.proto
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMENT "protoc: journal rows")
  add_library(journal_proto STATIC ${STORE_GEN}/journal.pb.cc)
  target_include_directories(journal_proto SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/gen)
  target_link_libraries(journal_proto PUBLIC protobuf::libprotobuf)
endif()
