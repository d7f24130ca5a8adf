# Code made from data at build time, under <build>/gen: TL types and codecs by tlc, the RPC error table
# by tlc, the journal's rows by protoc. Nothing here is edited by hand or committed.

trunkline_library(common LIBS spdlog::spdlog_header_only ZLIB::ZLIB)
trunkline_library(tl/compiler LIBS common CLI11::CLI11)
trunkline_program(tlc tl/compiler/main.cc LIBS tl_compiler)

if(TARGET tlc)
  set(TL_GEN ${CMAKE_BINARY_DIR}/gen/tl)
  file(GLOB TL_SCHEMA CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tl/schema/*)
  set(TL_GENERATED
    ${TL_GEN}/mt_types.h ${TL_GEN}/mt_codec.cc
    ${TL_GEN}/api_types.h ${TL_GEN}/api_names.cc
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
  target_link_libraries(tl PUBLIC trunkline_flags common)
  # Two pointers next to each other are two stores: making a vector of them first takes longer.
  target_compile_options(tl PRIVATE -fno-tree-slp-vectorize)
  add_custom_target(tl_headers DEPENDS ${TL_GENERATED})
endif()

# trunkline_proto(journal_proto server/store/journal.proto): a library of the messages in one file.
function(trunkline_proto NAME FILE)
  string(REGEX REPLACE "\\.proto$" "" STEM ${FILE})
  set(MADE ${CMAKE_BINARY_DIR}/gen/${STEM}.pb)
  get_filename_component(FOLDER ${MADE} DIRECTORY)
  file(MAKE_DIRECTORY ${FOLDER})
  add_custom_command(OUTPUT ${MADE}.cc ${MADE}.h
    COMMAND protobuf::protoc --cpp_out=${CMAKE_BINARY_DIR}/gen -I${CMAKE_SOURCE_DIR} ${FILE}
    DEPENDS ${CMAKE_SOURCE_DIR}/${FILE}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMENT "protoc: ${FILE}")
  add_library(${NAME} STATIC ${MADE}.cc)
  target_include_directories(${NAME} SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/gen)
  target_link_libraries(${NAME} PUBLIC protobuf::libprotobuf)
endfunction()

if(EXISTS ${CMAKE_SOURCE_DIR}/server/store/journal.proto)
  trunkline_proto(journal_proto server/store/journal.proto)
endif()
