// EngineUse: a session in the workgroup's engine for one statement, which the job's cancel reaches.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "services/athena/athena.h"

namespace tarn::athena {

// THREADS: one. LIFETIME: borrows the service.
class EngineUse {
 public:
  // ERRORS: SqlError 57014: the job was cancelled before; InternalFailure: the engine does not start.
  static Result<EngineUse> open(Athena& service, Job& job, const ExecutionRecord& record,
                                const WorkgroupRecord& workgroup);
  EngineUse(EngineUse&&) = default;
  ~EngineUse();

  sql::Engine& engine() const { return answers_->engine(); }
  QueryEngine& answers() const { return *answers_; }
  sql::SessionId session() const { return session_; }
  const sql::StatementContext& context() const { return context_; }

 private:
  EngineUse() = default;

  std::shared_ptr<QueryEngine> answers_;  // nullptr: moved from
  sql::SessionId session_;
  sql::StatementContext context_;
};

}  // namespace tarn::athena
