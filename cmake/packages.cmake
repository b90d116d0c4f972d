# The Debian packages, found once; rooms.cmake names them by the short names here.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(tl-expected REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(CURL REQUIRED)
find_path(MSPACK_INCLUDE mspack.h REQUIRED)
find_library(ZYDIS_LIBRARY Zydis REQUIRED)
find_path(ZYDIS_INCLUDE Zydis/Zydis.h REQUIRED)

# Each library that is loaded costs each start of the program a tenth of a millisecond. So programs link
# what is small by its static archive where there is one; a shared library of ours cannot (the archives
# are not compiled for that).
function(inquest_archive name header library)
  find_path(INQUEST_${name}_INCLUDE ${header} REQUIRED)
  find_library(INQUEST_${name}_SHARED ${library} REQUIRED)
  find_library(INQUEST_${name}_ARCHIVE NAMES lib${library}.a ${library} REQUIRED)
  add_library(inquest_${name} INTERFACE)
  target_include_directories(inquest_${name} SYSTEM INTERFACE ${INQUEST_${name}_INCLUDE})
  target_link_libraries(inquest_${name} INTERFACE
    $<IF:$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>,${INQUEST_${name}_ARCHIVE},${INQUEST_${name}_SHARED}>)
  set(INQUEST_PACKAGE_${name} inquest_${name} PARENT_SCOPE)
endfunction()
inquest_archive(zlib zlib.h z)
inquest_archive(zstd zstd.h zstd)
inquest_archive(lzma lzma.h lzma)
inquest_archive(lz4 lz4frame.h lz4)
inquest_archive(xxhash xxhash.h xxhash)

# SQLite by its static archive where there is one: another library to load costs every start.
find_path(SQLITE3_INCLUDE sqlite3.h REQUIRED)
find_library(SQLITE3_LIBRARY NAMES libsqlite3.a sqlite3 REQUIRED)
add_library(inquest_sqlite3 INTERFACE)
target_include_directories(inquest_sqlite3 SYSTEM INTERFACE ${SQLITE3_INCLUDE})
target_link_libraries(inquest_sqlite3 INTERFACE ${SQLITE3_LIBRARY} Threads::Threads
                                                ${CMAKE_DL_LIBS} m)

# pugixml likewise.
find_path(PUGIXML_INCLUDE pugixml.hpp REQUIRED)
find_library(PUGIXML_LIBRARY NAMES libpugixml.a pugixml REQUIRED)
add_library(inquest_pugixml INTERFACE)
target_include_directories(inquest_pugixml SYSTEM INTERFACE ${PUGIXML_INCLUDE})
target_link_libraries(inquest_pugixml INTERFACE ${PUGIXML_LIBRARY})

# LLVM by its static archives: a program that loads libLLVM.so spends longer on relocations than
# a look-up with a warm cache takes in all.
find_package(LLVM 19.1 REQUIRED CONFIG PATHS /usr/lib/llvm-19/lib/cmake/llvm)
add_library(inquest_llvm INTERFACE)
target_include_directories(inquest_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
llvm_map_components_to_libnames(llvm_components DebugInfoDWARF Object Demangle Support)
target_link_libraries(inquest_llvm INTERFACE ${llvm_components})
# It names the shared zlib and zstd.
get_target_property(llvm_needs LLVMSupport INTERFACE_LINK_LIBRARIES)
string(REPLACE "ZLIB::ZLIB" "inquest_zlib" llvm_needs "${llvm_needs}")
string(REPLACE "zstd::libzstd_shared" "inquest_zstd" llvm_needs "${llvm_needs}")
set_target_properties(LLVMSupport PROPERTIES INTERFACE_LINK_LIBRARIES "${llvm_needs}")

# By their headers only: src/locate/curl.cc loads libcurl when a server is asked, src/locate/cabinet.cc
# libmspack when a cabinet is met.
add_library(inquest_curl INTERFACE)
target_include_directories(inquest_curl SYSTEM INTERFACE ${CURL_INCLUDE_DIRS})
target_link_libraries(inquest_curl INTERFACE ${CMAKE_DL_LIBS})
add_library(inquest_mspack INTERFACE)
target_include_directories(inquest_mspack SYSTEM INTERFACE ${MSPACK_INCLUDE})
target_link_libraries(inquest_mspack INTERFACE ${CMAKE_DL_LIBS})

# ThreadSanitizer cannot look into Debian's libtbb; testkit/instead_of_tbb says why that matters.
if(INQUEST_SANITIZE STREQUAL "thread")
  add_library(inquest_tbb INTERFACE)
  target_include_directories(inquest_tbb INTERFACE "${PROJECT_SOURCE_DIR}/testkit/instead_of_tbb")
  target_link_libraries(inquest_tbb INTERFACE Threads::Threads)
  set(INQUEST_PACKAGE_tbb inquest_tbb)
else()
  find_package(TBB REQUIRED)
  set(INQUEST_PACKAGE_tbb TBB::tbb)
endif()

set(INQUEST_PACKAGE_curl inquest_curl)
set(INQUEST_PACKAGE_mspack inquest_mspack)
set(INQUEST_PACKAGE_llvm inquest_llvm)
set(INQUEST_PACKAGE_sqlite3 inquest_sqlite3)
set(INQUEST_PACKAGE_pugixml inquest_pugixml)
set(INQUEST_PACKAGE_zydis ${ZYDIS_LIBRARY})
