#include "services/athena/engine_use.h"

#include "base/text.h"

namespace tarn::athena {
namespace {

constexpr auto kTimeout = std::chrono::minutes(30);  // AWS: DML query timeout

}  // namespace

Result<EngineUse> EngineUse::open(Athena& service, Job& job, const ExecutionRecord& record,
                                  const WorkgroupRecord& workgroup) {
  EngineUse use;
  auto answers = service.engine({job.key.owner, job.key.region, record.workgroup});
  Asking asking{job.caller, {{lower(kOwnCatalog), ""}}};
  {
    const auto tx = service.door().store().read();
    auto at = tx->cursor(kCatalogs, {.prefix = prefix_of(kCatalogs, job.key.owner, job.key.region)});
    for (; at.valid(); at.next()) {
      const CatalogRecord catalog = TRY(at.record());
      for (const auto& [name, value] : catalog.parameters)
        if (name == "catalog-id") asking.catalogs[lower(catalog.name)] = value;
    }
    TRY(at.status());
  }
  use.session_ = TRY(answers->engine().open_session("", sql::Dialect::kAthena));
  use.answers_ = answers;
  use.context_.principal = answers->enter(std::move(asking));
  use.context_.statement_id = job.key.id;
  use.context_.dialect = sql::Dialect::kAthena;
  use.context_.database = record.database;
  // Names without a catalog are in the query's.
  if (!record.catalog.empty() && !equals_ignore_case(record.catalog, kOwnCatalog))
    use.context_.external_schemas = {{"", lower(record.catalog), ""}};
  use.context_.user = record.principal;
  use.context_.now = record.submitted;  // one moment for all queries of a statement
  use.context_.timeout = kTimeout;
  use.context_.max_scanned_bytes = static_cast<uint64_t>(std::max<int64_t>(workgroup.scan_cutoff, 0));
  TRY(service.runs_in(job, answers, use.session_));
  return use;
}

EngineUse::~EngineUse() {
  if (!answers_) return;
  answers_->engine().close_session(session_);
  answers_->leave(context_.principal);
}

}  // namespace tarn::athena
