# The functions every target of this project is made with: a folder is one library, a folder under
# tests/ is one test program, and all of them share one set of warnings.

add_library(trunkline_flags INTERFACE)
target_compile_options(trunkline_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Werror
  -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # After inlining, GCC 12 sees overlaps and overruns inside its own optional, string and vector that can't
  # happen; Clang, which builds the tsan and fuzz presets, doesn't.
  target_compile_options(trunkline_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds
    -Wno-stringop-overflow)
endif()
target_include_directories(trunkline_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/gen)
target_compile_definitions(trunkline_flags INTERFACE BOOST_ASIO_NO_DEPRECATED)
if(TRUNKLINE_SANITIZE)
  add_compile_options(-fsanitize=${TRUNKLINE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TRUNKLINE_SANITIZE})
endif()
if(TRUNKLINE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# With TRUNKLINE_UNITY, files of a folder are compiled that many at a time: at -O0 most of the time goes into
# headers, and those are read once for all of them. Release compiles each alone, which shows missing includes.
function(trunkline_unity NAME)
  if(TRUNKLINE_UNITY)
    set_target_properties(${NAME} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${TRUNKLINE_UNITY})
  endif()
endfunction()

# trunkline_library(server/call [LIBS ...]): every .cc of the folder, main.cc left out, as one static
# library named after the path (server_call). A folder of headers alone becomes an interface library.
function(trunkline_library FOLDER)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  string(REPLACE "/" "_" NAME ${FOLDER})
  file(GLOB SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${FOLDER}/*.cc)
  list(FILTER SOURCES EXCLUDE REGEX "/main\\.cc$")
  if(SOURCES)
    add_library(${NAME} STATIC ${SOURCES})
    trunkline_unity(${NAME})
    target_link_libraries(${NAME} PUBLIC trunkline_flags ${ARG_LIBS})
  else()
    add_library(${NAME} INTERFACE)
    target_link_libraries(${NAME} INTERFACE trunkline_flags ${ARG_LIBS})
  endif()
endfunction()

# trunkline_program(name folder/main.cc [LIBS ...])
function(trunkline_program NAME MAIN)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  if(EXISTS ${CMAKE_SOURCE_DIR}/${MAIN})
    add_executable(${NAME} ${MAIN})
    target_link_libraries(${NAME} PRIVATE trunkline_flags ${ARG_LIBS})
  endif()
endfunction()

# trunkline_test(server/call [LIBS ...]): all *_test.cc of tests/<folder> as one ctest entry.
function(trunkline_test FOLDER)
  cmake_parse_arguments(ARG "" "" "LIBS;LABELS" ${ARGN})
  string(REPLACE "/" "_" NAME ${FOLDER})
  file(GLOB SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${FOLDER}/*.cc)
  if(NOT SOURCES)
    return()
  endif()
  add_executable(${NAME}_test ${SOURCES})
  trunkline_unity(${NAME}_test)
  target_link_libraries(${NAME}_test PRIVATE trunkline_flags GTest::gmock GTest::gtest_main ${ARG_LIBS})
  add_test(NAME ${FOLDER} COMMAND ${NAME}_test)
  set_tests_properties(${FOLDER} PROPERTIES TIMEOUT 900)
  if(ARG_LABELS)
    set_tests_properties(${FOLDER} PROPERTIES LABELS "${ARG_LABELS}")
  endif()
endfunction()

# trunkline_fuzz(frame [LIBS ...]): tests/fuzz/frame_fuzz.cc with the seeds in tests/fuzz/corpus/frame.
# With TRUNKLINE_FUZZ the program is a libFuzzer target; without, ctest replays the seeds.
function(trunkline_fuzz NAME)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  if(NOT EXISTS ${CMAKE_SOURCE_DIR}/tests/fuzz/${NAME}_fuzz.cc)
    return()
  endif()
  set(SOURCES tests/fuzz/${NAME}_fuzz.cc)
  if(NOT TRUNKLINE_FUZZ)
    list(APPEND SOURCES tests/fuzz/replay_main.cc)
  endif()
  add_executable(fuzz_${NAME} ${SOURCES})
  target_link_libraries(fuzz_${NAME} PRIVATE trunkline_flags ${ARG_LIBS})
  if(TRUNKLINE_FUZZ)
    target_link_options(fuzz_${NAME} PRIVATE -fsanitize=fuzzer)
  else()
    add_test(NAME fuzz/${NAME} COMMAND fuzz_${NAME} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${NAME})
  endif()
endfunction()

# trunkline_bench(tl [LIBS ...]): bench/micro/tl_bench.cc; ctest runs it with tiny inputs so it can't rot.
function(trunkline_bench NAME)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  # They count allocations by an operator new of their own, and TSan has one too.
  if(TRUNKLINE_SANITIZE STREQUAL thread OR NOT EXISTS ${CMAKE_SOURCE_DIR}/bench/micro/${NAME}_bench.cc)
    return()
  endif()
  add_executable(${NAME}_bench bench/micro/${NAME}_bench.cc)
  # benchmark_main is used where the file has no main of its own.
  target_link_libraries(${NAME}_bench PRIVATE trunkline_flags benchmark::benchmark_main ${ARG_LIBS})
  add_test(NAME bench/${NAME} COMMAND ${NAME}_bench --benchmark_min_time=0.001)
endfunction()
