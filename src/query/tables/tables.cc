#include "query/tables/tables.h"

namespace inquest::query {

std::vector<std::unique_ptr<Table>> all_tables() {
  using Make = std::unique_ptr<Table> (*)();
  static constexpr Make kMakers[] = {
      blocks_table,      refs_table,     strings_table,  arenas_table,
      heap_faults_table, threads_table,  frames_table,   variables_table,
      modules_table,     symbols_table,  regions_table,  areas_table,
      process_table,     findings_table, evidence_table, warnings_table,
#ifdef INQUEST_TYPED_TABLES
      objects_table,     fields_table,   types_table,
#endif
  };
  std::vector<std::unique_ptr<Table>> tables;
  for (Make make : kMakers) tables.push_back(make());
  return tables;
}

}  // namespace inquest::query
