# tests/ mirrors the tree: one program per folder. e2e programs run the real server binary.

configure_file(${CMAKE_SOURCE_DIR}/tests/paths.h.in ${CMAKE_BINARY_DIR}/gen/tests/paths.h @ONLY)

trunkline_test(common LIBS common common_crypto)
trunkline_test(common/crypto LIBS common_crypto)
trunkline_test(tl LIBS tl tl_compiler)
add_dependencies(tl_test tlc)
trunkline_test(server/mtproto LIBS server_mtproto)
trunkline_test(server/call LIBS server_call)
trunkline_test(server/book LIBS server_book)
trunkline_test(server/rpc LIBS server_rpc)
if(TARGET server_store)
  trunkline_test(server/store LIBS server_store)
  trunkline_test(server/io LIBS server_io)
  trunkline_test(server LIBS server)
  trunkline_test(e2e LIBS bench_load LABELS e2e)
  if(TARGET e2e_test)
    add_dependencies(e2e_test trunkline-server)
  endif()
endif()
trunkline_test(tidy LIBS common)

foreach(NAME frame handshake tl_reader tl_text envelope session)
  trunkline_fuzz(${NAME} LIBS tl server_mtproto)
endforeach()

# The stock npm client against the server that was just built.
if(TARGET trunkline-server)
  add_test(NAME e2e/gramjs COMMAND ${CMAKE_SOURCE_DIR}/tests/e2e/gramjs/run
    ${CMAKE_BINARY_DIR}/bin/trunkline-server ${CMAKE_BINARY_DIR}/gramjs)
  set_tests_properties(e2e/gramjs PROPERTIES TIMEOUT 600 LABELS e2e)
endif()
