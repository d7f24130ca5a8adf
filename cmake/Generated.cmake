# Code made from data at build time, under <build>/gen: TL types and codecs by tlc, the RPC error table
# by tlc, the journal's rows and the relays' messages by protoc. Nothing here is edited by hand or committed.

trunkline_library(common LIBS spdlog::spdlog ZLIB::ZLIB absl::status absl::statusor absl::strings)
trunkline_library(tl/runtime)
trunkline_library(tl/compiler LIBS common tl_runtime CLI11::CLI11)
# tlc carries the schema, so that `tlc dump` works anywhere.
target_sources(tl_compiler PRIVATE ${CMAKE_SOURCE_DIR}/tl/compiler/embedded.S)
set_source_files_properties(${CMAKE_SOURCE_DIR}/tl/compiler/embedded.S PROPERTIES OBJECT_DEPENDS
  "${CMAKE_SOURCE_DIR}/tl/schema/history.tsv;${CMAKE_SOURCE_DIR}/tl/schema/mtproto.tl;${CMAKE_SOURCE_DIR}/tl/schema/secrets.txt")
trunkline_program(tlc tl/compiler/main.cc LIBS tl_compiler)

# trunkline_schema(tl server gen 4): the library `tl` of what tlc makes of tl/schema for a profile, in
# <build>/gen/tl, its readers and writers in 4 files each; and beside it tl_rewrite, for tests alone. A
# library that isn't part of ALL costs nothing until something asks for it.
function(trunkline_schema NAME PROFILE FOLDER PARTS)
  set(OUT ${CMAKE_BINARY_DIR}/${FOLDER}/tl)
  set(HEADERS ${OUT}/mt_types.h ${OUT}/mt_schema.h ${OUT}/api_types.h ${OUT}/api_schema.h ${OUT}/api_rewrite.h
    ${OUT}/rpc_errors.h)
  set(SOURCES ${OUT}/mt_codec.cc ${OUT}/mt_schema.cc ${OUT}/api_schema.cc)
  math(EXPR LAST "${PARTS} - 1")
  foreach(PART RANGE ${LAST})
    list(APPEND SOURCES ${OUT}/api_read_${PART}.cc ${OUT}/api_write_${PART}.cc)
  endforeach()
  add_custom_command(OUTPUT ${HEADERS} ${SOURCES} ${OUT}/api_rewrite.cc
    COMMAND tlc generate --schema ${CMAKE_SOURCE_DIR}/tl/schema --profile ${PROFILE} --out ${OUT}
    DEPENDS tlc ${TL_SCHEMA}
    COMMENT "tlc: TL types and codecs, profile ${PROFILE}")
  add_library(${NAME} STATIC ${ARGN} ${SOURCES})
  target_include_directories(${NAME} BEFORE PUBLIC ${CMAKE_BINARY_DIR}/${FOLDER})
  target_link_libraries(${NAME} PUBLIC trunkline_flags common tl_runtime)
  # Two pointers next to each other are two stores: making a vector of them first takes longer.
  target_compile_options(${NAME} PRIVATE -fno-tree-slp-vectorize )
  add_library(${NAME}_rewrite STATIC EXCLUDE_FROM_ALL ${OUT}/api_rewrite.cc)
  target_link_libraries(${NAME}_rewrite PUBLIC ${NAME})
  add_custom_target(${NAME}_headers DEPENDS ${HEADERS})
endfunction()

if(TARGET tlc)
  file(GLOB TL_SCHEMA CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tl/schema/*)
  trunkline_schema(tl server gen 4)
  trunkline_schema(tl_full full gen-full 12 EXCLUDE_FROM_ALL)
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
trunkline_proto(relay_control_proto relay/control.proto)
