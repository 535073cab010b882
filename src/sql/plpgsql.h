// plpgsql: parses a procedure's body into a tree, and runs it. Expressions and statements go to the session that the
// procedure runs in (PlHost), so that all statements work inside of procedures too. No engine is seen here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/engine_client.h"
#include "sql/lex.h"
#include "sql/stmt_redshift.h"

namespace tarn::sql {

// --- the tree -------------------------------------------------------------------------------------------------------

// A run of the body's tokens: an expression or a statement, kept as written.
struct PlFragment {
  uint32_t first = 0, last = 0;  // tokens [first, last)
  bool empty() const { return first == last; }
};

struct PlTarget {
  std::string name, field;  // v, or record.field
};

struct PlDeclaration {
  enum class Kind : uint8_t { kScalar, kRecord, kCursor, kAlias, kTypeOf } kind = Kind::kScalar;
  std::string name;
  std::string type;                 // the engine's words
  std::string of;                   // kAlias: the argument's name or number; kTypeOf: "v" or "table.column"
  PlFragment initial;               // its first value; of a bound cursor its query
  std::vector<Argument> arguments;  // of a bound cursor
  bool constant = false, not_null = false;
};

struct PlStatement;
using PlStatements = std::vector<PlStatement>;

struct PlBranch {
  std::vector<PlFragment> conditions;  // IF: one; CASE x: its values
  PlStatements body;
};

enum class PlKind : uint8_t {
  kBlock,
  kAssign,
  kIf,
  kCase,
  kLoop,
  kWhile,
  kForRange,
  kForQuery,
  kForExecute,
  kExit,
  kContinue,
  kReturn,
  kRaise,
  kExecute,
  kSql,
  kPerform,
  kCall,
  kOpen,
  kOpenExecute,
  kFetch,
  kClose,
  kStart,
  kCommit,
  kRollback,
  kRowCount,
  kNull,
};

struct PlStatement {
  PlKind kind = PlKind::kNull;
  std::string label;
  std::string name;                         // the loop's variable, RAISE's level, the cursor, the procedure
  std::vector<PlTarget> targets;            // INTO, :=
  PlFragment expression;                    // condition, query, right side; CASE's operand; RAISE's format
  PlFragment to, step;                      // of FOR i IN expression .. to BY step
  std::vector<PlFragment> arguments;        // of RAISE, CALL, OPEN
  std::vector<PlBranch> branches;           // IF, CASE
  PlStatements body;                        // block and loops
  PlStatements otherwise;                   // ELSE; a block's exception handler
  std::vector<PlDeclaration> declarations;  // of a block
  bool has_otherwise = false, reverse = false, strict = false;
  bool goes_on = false;  // a block's handler is a CONTINUE_HANDLER
};

struct PlBody {
  std::string source;
  std::vector<Token> tokens;
  PlStatement block;
};

// ERRORS: SqlError 42601 with the position in the body.
Result<PlBody> parse_plpgsql(const std::string& source);

// --- running it -----------------------------------------------------------------------------------------------------

class PlCursor {
 public:
  virtual ~PlCursor() = default;
  virtual const std::vector<ResultColumn>& columns() const = 0;
  // False at the end.
  virtual Result<bool> next(std::vector<std::optional<std::string>>& row) = 0;
};

struct PlOutcome {
  uint64_t rows = 0;                 // of the result, or affected
  std::unique_ptr<PlCursor> cursor;  // nullptr: no result set
};

struct PlValue {
  std::optional<std::string> text;
  std::string type;
};

// The session that a procedure runs in.
class PlHost {
 public:
  virtual ~PlHost() = default;
  // Any statement, with parameters `:name`.
  virtual Result<PlOutcome> run(const std::string& sql, const std::vector<Param>& params) = 0;
  // CALL inside of a procedure: the outputs (OUT and INOUT) in order, with the parameters' modes of the callee.
  virtual Result<std::vector<PlValue>> call(const QualifiedName& name, const std::vector<PlValue>& arguments,
                                            std::vector<Argument>& parameters) = 0;
  virtual void notice(const std::string& level, const std::string& message) = 0;
  // START TRANSACTION, of NONATOMIC procedures: what follows is one transaction. ERRORS: where there is one already.
  virtual Status start() = 0;
  // ERRORS: where the transaction is not the procedure's to end.
  virtual Status commit() = 0;
  virtual Status rollback() = 0;
  // Before an exception handler runs: what the block did is undone.
  virtual Status begin_handler() = 0;
  // Behind one that went well: what it did is kept, whatever becomes of the error.
  virtual Status end_handler() = 0;
  // The query as a cursor of the session, which outlives the procedure: what a refcursor names.
  virtual Status open_cursor(const std::string& name, const std::string& sql, const std::vector<Param>& params) = 0;
  // ERRORS: the statement was cancelled, or its time is over.
  virtual Status proceed() = 0;
};

struct PlProcedure {
  const std::vector<Argument>& arguments;
  const PlBody& body;
  bool nonatomic = false;
};

// `values`: one an argument, in order; those of OUT arguments are not looked at.
// Gives the values of OUT and INOUT arguments, in order.
Result<std::vector<PlValue>> run_procedure(const PlProcedure& procedure, const std::vector<PlValue>& values,
                                           PlHost& host);

}  // namespace tarn::sql
