// What the server and its engine process say to each other: kinds of message and the form of their bodies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/engine_client.h"

namespace tarn::sql {

enum class Ask : uint16_t {
  // server -> engine
  kConfigure = 1,
  kOpenSession,
  kCloseSession,  // posted
  kExecute,
  kUnload,
  kLoad,
  kSelect,
  kCancel,  // posted
  kCreateDatabase,
  kDropDatabase,
  kListDatabases,
  kCommitted,
  // engine -> server
  kResolveTable = 100,
  kListPartitions,
  kListTables,
  kListObjects,
  kOpenObject,
  kCreateObject,
  kFinishObject,
  kAbortObject,  // posted
  kAuthorise,
  kSystemRows,
};

struct OpenSession {
  std::string database;
  Dialect dialect = Dialect::kRedshift;
};
struct Committed {
  std::string database, statement_id;
};
struct TableName {
  std::string principal, catalog, database, table;
};
struct ObjectsAsked {
  std::string principal;
  std::vector<std::string> uris;
};
// What lies below each of the locations that were asked about; where all that is one object, that too, opened: who lists one
// object reads it next.
struct ObjectsListed {
  std::vector<std::vector<ObjectRef>> objects;
  std::optional<OpenedObject> only;
};
struct NewObject {
  std::string principal, statement, uri;
};
struct FinishedObject {
  uint64_t handle = 0, size = 0;
};
struct UsesAsked {
  std::string principal;
  std::vector<TableUse> uses;
};
struct RowsAsked {
  std::string principal, view;
};
// OpenedObject, ObjectsListed, StagedObject, ExecuteRequest .. travel without their descriptors: those ride beside the body.
template <class T>
struct InSession {
  uint64_t session = 0;
  T value;
};

// Defined in protocol.cc for each type that travels.
template <class T>
std::string encoded(const T& value);
// What does not decode is empty: both halves are one binary, so that is a bug and not an input.
template <class T>
T decoded(std::string_view bytes);

}  // namespace tarn::sql
