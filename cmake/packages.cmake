# The Debian packages, found once; rooms.cmake names them by the short names here.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(tl-expected REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(LibLZMA REQUIRED)
find_package(CURL REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(MSPACK REQUIRED IMPORTED_TARGET libmspack)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
find_library(ZYDIS_LIBRARY Zydis REQUIRED)
find_path(ZYDIS_INCLUDE Zydis/Zydis.h REQUIRED)

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

# libcurl by its headers only: src/locate/curl.cc loads it when a server is asked.
add_library(inquest_curl INTERFACE)
target_include_directories(inquest_curl SYSTEM INTERFACE ${CURL_INCLUDE_DIRS})
target_link_libraries(inquest_curl INTERFACE ${CMAKE_DL_LIBS})

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

set(INQUEST_PACKAGE_zlib ZLIB::ZLIB)
set(INQUEST_PACKAGE_zstd PkgConfig::ZSTD)
set(INQUEST_PACKAGE_lzma LibLZMA::LibLZMA)
set(INQUEST_PACKAGE_lz4 PkgConfig::LZ4)
set(INQUEST_PACKAGE_curl inquest_curl)
set(INQUEST_PACKAGE_mspack PkgConfig::MSPACK)
set(INQUEST_PACKAGE_xxhash PkgConfig::XXHASH)
set(INQUEST_PACKAGE_llvm inquest_llvm)
set(INQUEST_PACKAGE_sqlite3 inquest_sqlite3)
set(INQUEST_PACKAGE_pugixml inquest_pugixml)
set(INQUEST_PACKAGE_zydis ${ZYDIS_LIBRARY})
