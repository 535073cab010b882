#include "sql/engine/spatial_join.h"

#include <algorithm>
#include <boost/geometry.hpp>
#include <boost/geometry/index/rtree.hpp>
#include <boost/iterator/function_output_iterator.hpp>

#include "duckdb/common/types/column/column_data_collection.hpp"
#include "duckdb/execution/column_binding_resolver.hpp"
#include "duckdb/execution/operator/join/physical_join.hpp"
#include "duckdb/execution/physical_plan_generator.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/operator/list.hpp"
#include "sql/engine/geometry_value.h"
#include "sql/engine/spatial_join_predicate.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::ColumnBinding;
using duckdb::DataChunk;
using duckdb::ExecutionContext;
using duckdb::Expression;
using duckdb::idx_t;
using duckdb::JoinType;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;
using duckdb::LogicalType;
using duckdb::OperatorResultType;
using duckdb::PhysicalOperator;
using duckdb::string_t;
using duckdb::unique_ptr;

namespace bg = boost::geometry;
using TreePoint = bg::model::point<double, 2, bg::cs::cartesian>;
using TreeBox = bg::model::box<TreePoint>;
using TreeEntry = std::pair<TreeBox, uint32_t>;
using Tree = bg::index::rtree<TreeEntry, bg::index::rstar<16>>;

TreeBox tree_box(const SpatialBox& box) {
  return {{box.min_x, box.min_y}, {box.max_x, box.max_y}};
}

// A column of the result: of the probed side or of the indexed one.
struct OutputColumn {
  bool indexed;
  idx_t column;
};

// What the plan says of the join. `swapped` asks the indexed side's geometry about the probed one's.
struct JoinPlan {
  JoinType type = JoinType::INNER;  // INNER, LEFT (the probed side is kept), SEMI, ANTI (of the probed side)
  SpatialQuestion question;
  unique_ptr<Expression> probe, index;
  std::vector<OutputColumn> output;
};

// --- the indexed side ------------------------------------------------------------------------------------------------------

constexpr uint32_t kNoRow = UINT32_MAX;

struct IndexedSide : duckdb::GlobalSinkState {
  IndexedSide(ClientContext& context, duckdb::vector<LogicalType> stored)
      : rows(context, stored), types(std::move(stored)) {}

  std::mutex mutex;
  duckdb::ColumnDataCollection rows;  // the side's columns, and its geometry
  duckdb::vector<LogicalType> types;
  // When all have come: the rows in one piece, so that a result refers to them, and a row of NULLs behind them.
  DataChunk chunk;
  Tree tree;
  std::vector<int32_t> srids;  // that occur
};

struct IndexingState : duckdb::LocalSinkState {
  IndexingState(ClientContext& context, const Expression& geometry, const duckdb::vector<LogicalType>& stored)
      : executor(context, geometry), rows(context, stored) {
    chunk.InitializeEmpty(stored);
    key.Initialize(context, {geometry.return_type});
    rows.InitializeAppend(append);
  }
  duckdb::ExpressionExecutor executor;
  DataChunk chunk, key;
  duckdb::ColumnDataCollection rows;
  duckdb::ColumnDataAppendState append;
};

// --- the probed side -------------------------------------------------------------------------------------------------------

struct ProbingState : duckdb::CachingOperatorState {
  ProbingState(ClientContext& context, const Expression& geometry, const IndexedSide& side)
      : executor(context, geometry), shapes(side.chunk.size()) {
    key.Initialize(context, {geometry.return_type});
  }
  duckdb::ExpressionExecutor executor;
  DataChunk key;
  duckdb::UnifiedVectorFormat format;
  Geos geos;
  std::vector<std::optional<SpatialShape>> shapes;  // of the indexed side; each thread's own, for they are prepared lazily
  std::vector<uint32_t> candidates;
  // Of the chunk that is probed: rows up to `next` are matched, matches up to `given` are out.
  bool begun = false;
  idx_t next = 0;
  size_t given = 0;
  std::vector<std::pair<duckdb::sel_t, uint32_t>> matches;
};

class PhysicalSpatialJoin : public duckdb::CachingPhysicalOperator {
 public:
  PhysicalSpatialJoin(duckdb::PhysicalPlan& plan, duckdb::vector<LogicalType> types, PhysicalOperator& probed,
                      PhysicalOperator& indexed, JoinPlan join, idx_t cardinality)
      // The type only tells BuildJoinPipelines that this is no source.
      : CachingPhysicalOperator(plan, duckdb::PhysicalOperatorType::CROSS_PRODUCT, std::move(types), cardinality),
        join_(std::move(join)) {
    children.push_back(probed);
    children.push_back(indexed);
  }

  std::string GetName() const override { return "SPATIAL_INDEX_JOIN"; }
  bool ParallelOperator() const override { return true; }
  duckdb::OrderPreservationType OperatorOrder() const override { return duckdb::OrderPreservationType::NO_ORDER; }
  bool IsSink() const override { return true; }
  bool ParallelSink() const override { return true; }
  bool SinkOrderDependent() const override { return false; }
  void BuildPipelines(duckdb::Pipeline& current, duckdb::MetaPipeline& pipelines) override {
    duckdb::PhysicalJoin::BuildJoinPipelines(current, pipelines, *this);
  }
  duckdb::vector<duckdb::const_reference<PhysicalOperator>> GetSources() const override {
    return children[0].get().GetSources();
  }

  unique_ptr<duckdb::GlobalSinkState> GetGlobalSinkState(ClientContext& context) const override {
    return duckdb::make_uniq<IndexedSide>(context, stored());
  }
  unique_ptr<duckdb::LocalSinkState> GetLocalSinkState(ExecutionContext& context) const override {
    return duckdb::make_uniq<IndexingState>(context.client, *join_.index, stored());
  }
  duckdb::SinkResultType Sink(ExecutionContext&, DataChunk& chunk, duckdb::OperatorSinkInput& input) const override;
  duckdb::SinkCombineResultType Combine(ExecutionContext&, duckdb::OperatorSinkCombineInput& input) const override;
  duckdb::SinkFinalizeType Finalize(duckdb::Pipeline&, duckdb::Event&, ClientContext& context,
                                    duckdb::OperatorSinkFinalizeInput& input) const override;
  unique_ptr<duckdb::OperatorState> GetOperatorState(ExecutionContext& context) const override {
    return duckdb::make_uniq<ProbingState>(context.client, *join_.probe, sink_state->Cast<IndexedSide>());
  }

 protected:
  OperatorResultType ExecuteInternal(ExecutionContext& context, DataChunk& input, DataChunk& chunk,
                                     duckdb::GlobalOperatorState&, duckdb::OperatorState& state) const override;

 private:
  duckdb::vector<LogicalType> stored() const {
    auto types = children[1].get().GetTypes();
    types.push_back(join_.index->return_type);
    return types;
  }
  void match(ProbingState& state, const IndexedSide& side, idx_t row) const;
  bool holds(SpatialShape& probed, SpatialShape& indexed) const {
    return join_.question.swapped ? SpatialShape::holds(join_.question.predicate, indexed, probed)
                                  : SpatialShape::holds(join_.question.predicate, probed, indexed);
  }

  const JoinPlan join_;
};

duckdb::SinkResultType PhysicalSpatialJoin::Sink(ExecutionContext&, DataChunk& chunk,
                                                 duckdb::OperatorSinkInput& input) const {
  auto& local = input.local_state.Cast<IndexingState>();
  local.key.Reset();
  local.executor.Execute(chunk, local.key);
  for (idx_t i = 0; i < chunk.ColumnCount(); ++i) local.chunk.data[i].Reference(chunk.data[i]);
  local.chunk.data[chunk.ColumnCount()].Reference(local.key.data[0]);
  local.chunk.SetCardinality(chunk.size());
  local.rows.Append(local.append, local.chunk);
  return duckdb::SinkResultType::NEED_MORE_INPUT;
}

duckdb::SinkCombineResultType PhysicalSpatialJoin::Combine(ExecutionContext&,
                                                           duckdb::OperatorSinkCombineInput& input) const {
  auto& side = input.global_state.Cast<IndexedSide>();
  const std::lock_guard lock(side.mutex);
  side.rows.Combine(input.local_state.Cast<IndexingState>().rows);
  return duckdb::SinkCombineResultType::FINISHED;
}

duckdb::SinkFinalizeType PhysicalSpatialJoin::Finalize(duckdb::Pipeline&, duckdb::Event&, ClientContext& context,
                                                       duckdb::OperatorSinkFinalizeInput& input) const {
  auto& side = input.global_state.Cast<IndexedSide>();
  const idx_t rows = side.rows.Count();
  if (rows >= kNoRow) throw duckdb::OutOfMemoryException("Both sides of a join by place have over 4 billion rows.");
  side.chunk.Initialize(duckdb::BufferAllocator::Get(context), side.types, rows + 1);
  for (DataChunk& chunk : side.rows.Chunks()) side.chunk.Append(chunk);
  side.rows.Reset();
  const idx_t geometry = side.types.size() - 1;
  const auto* values = duckdb::FlatVector::GetData<string_t>(side.chunk.data[geometry]);
  const auto& valid = duckdb::FlatVector::Validity(side.chunk.data[geometry]);
  std::vector<TreeEntry> entries;
  for (idx_t row = 0; row < rows; ++row) {
    if (!valid.RowIsValid(row)) continue;
    const int32_t srid = srid_of({values[row].GetData(), values[row].GetSize()});
    if (std::ranges::find(side.srids, srid) == side.srids.end()) side.srids.push_back(srid);
    const SpatialBox box = box_of(values[row]);
    if (!box.empty()) entries.emplace_back(tree_box(box), static_cast<uint32_t>(row));
  }
  side.tree = Tree(entries.begin(), entries.end());
  for (auto& column : side.chunk.data) duckdb::FlatVector::SetNull(column, rows, true);
  side.chunk.SetCardinality(rows + 1);
  return duckdb::SinkFinalizeType::READY;
}

// Adds the matches of one row of the probed side.
void PhysicalSpatialJoin::match(ProbingState& state, const IndexedSide& side, idx_t row) const {
  const auto add = [&](uint32_t found) { state.matches.emplace_back(static_cast<duckdb::sel_t>(row), found); };
  const idx_t at = state.format.sel->get_index(row);
  bool any = false;
  if (state.format.validity.RowIsValid(at)) {
    SpatialShape probed(state.geos, duckdb::UnifiedVectorFormat::GetData<string_t>(state.format)[at]);
    state.candidates.clear();
    for (const int32_t srid : side.srids) {
      if (srid != probed.srid() && !join_.question.any_srid) refuse_srids(probed.srid(), srid);
    }
    if (!probed.box().empty()) {
      side.tree.query(bg::index::intersects(tree_box(probed.box())),
                      boost::make_function_output_iterator(
                          [&](const TreeEntry& entry) { state.candidates.push_back(entry.second); }));
    }
    const auto* values = duckdb::FlatVector::GetData<string_t>(side.chunk.data.back());
    for (const uint32_t candidate : state.candidates) {
      auto& shape = state.shapes[candidate];
      if (!shape) shape.emplace(state.geos, values[candidate]);
      if (!holds(probed, *shape)) continue;
      any = true;
      if (join_.type == JoinType::SEMI || join_.type == JoinType::ANTI) break;
      add(candidate);
    }
  }
  const bool alone = join_.type == JoinType::SEMI ? any : join_.type != JoinType::INNER && !any;
  if (alone) add(static_cast<uint32_t>(side.chunk.size() - 1));
}

OperatorResultType PhysicalSpatialJoin::ExecuteInternal(ExecutionContext& context, DataChunk& input, DataChunk& chunk,
                                                        duckdb::GlobalOperatorState&,
                                                        duckdb::OperatorState& state_here) const {
  auto& state = state_here.Cast<ProbingState>();
  const auto& side = sink_state->Cast<IndexedSide>();
  if (!state.begun) {
    state.begun = true;
    state.next = 0;
    state.key.Reset();
    state.executor.Execute(input, state.key);
    state.key.data[0].ToUnifiedFormat(input.size(), state.format);
  }
  if (state.given == state.matches.size()) {
    state.matches.clear();
    state.given = 0;
    while (state.next < input.size() && state.matches.size() < STANDARD_VECTOR_SIZE) {
      if (context.client.interrupted) throw duckdb::InterruptException();
      match(state, side, state.next++);
    }
  }
  const idx_t count = std::min<idx_t>(state.matches.size() - state.given, STANDARD_VECTOR_SIZE);
  duckdb::SelectionVector probed(STANDARD_VECTOR_SIZE), indexed(STANDARD_VECTOR_SIZE);
  for (idx_t i = 0; i < count; ++i) {
    const auto& [probed_row, indexed_row] = state.matches[state.given + i];
    probed.set_index(i, probed_row);
    indexed.set_index(i, indexed_row);
  }
  state.given += count;
  for (idx_t i = 0; i < join_.output.size(); ++i) {
    const OutputColumn& from = join_.output[i];
    if (from.indexed) {
      chunk.data[i].Slice(side.chunk.data[from.column], indexed, count);
    } else {
      chunk.data[i].Slice(input.data[from.column], probed, count);
    }
  }
  chunk.SetCardinality(count);
  if (state.given < state.matches.size() || state.next < input.size()) return OperatorResultType::HAVE_MORE_OUTPUT;
  state.begun = false;
  return OperatorResultType::NEED_MORE_INPUT;
}

// --- the plan --------------------------------------------------------------------------------------------------------------

// Children: the probed side, the indexed one.
class LogicalSpatialJoin : public duckdb::LogicalExtensionOperator {
 public:
  explicit LogicalSpatialJoin(JoinPlan join) : join_(std::move(join)) {}

  std::string GetName() const override { return "SPATIAL_INDEX_JOIN"; }
  std::string GetExtensionName() const override { return "tarn"; }

  PhysicalOperator& CreatePlan(ClientContext&, duckdb::PhysicalPlanGenerator& planner) override {
    auto& probed = planner.CreatePlan(*children[0]);
    auto& indexed = planner.CreatePlan(*children[1]);
    return planner.Make<PhysicalSpatialJoin>(types, probed, indexed, std::move(join_), estimated_cardinality);
  }
  void ResolveColumnBindings(duckdb::ColumnBindingResolver& resolver,
                             duckdb::vector<ColumnBinding>& bindings) override {
    resolver.VisitOperator(*children[0]);
    resolver.VisitExpression(&join_.probe);
    resolver.VisitOperator(*children[1]);
    resolver.VisitExpression(&join_.index);
    bindings = GetColumnBindings();
  }
  duckdb::vector<ColumnBinding> GetColumnBindings() override {
    duckdb::vector<ColumnBinding> sides[] = {children[0]->GetColumnBindings(), children[1]->GetColumnBindings()};
    duckdb::vector<ColumnBinding> result;
    for (const OutputColumn& from : join_.output) result.push_back(sides[from.indexed ? 1 : 0][from.column]);
    return result;
  }

 protected:
  void ResolveTypes() override {
    types.clear();
    for (const OutputColumn& from : join_.output) types.push_back(children[from.indexed ? 1 : 0]->types[from.column]);
  }

 private:
  JoinPlan join_;
};

bool refers_only_to(const Expression& expression, LogicalOperator& side) {
  duckdb::unordered_set<idx_t> tables, used;
  duckdb::LogicalJoin::GetTableReferences(side, tables);
  duckdb::LogicalJoin::GetExpressionBindings(expression, used);
  return !used.empty() && std::all_of(used.begin(), used.end(), [&](idx_t table) { return tables.contains(table); });
}

// The predicate of a join by place: the arguments in the order (probed, indexed).
std::optional<JoinPlan> as_spatial(Expression& condition, LogicalOperator& probed, LogicalOperator& indexed) {
  if (condition.GetExpressionClass() != duckdb::ExpressionClass::BOUND_FUNCTION || condition.IsVolatile()) return {};
  auto& call = condition.Cast<duckdb::BoundFunctionExpression>();
  const auto question = spatial_question(call.function.name);
  if (!question || call.children.size() != 2) return {};
  for (const auto& argument : call.children) {
    if (argument->return_type.id() != duckdb::LogicalTypeId::BLOB || argument->return_type.GetAlias() != "GEOMETRY") return {};
  }
  JoinPlan plan;
  plan.question = *question;
  if (refers_only_to(*call.children[0], probed) && refers_only_to(*call.children[1], indexed)) {
    plan.probe = call.children[0]->Copy();
    plan.index = call.children[1]->Copy();
  } else if (refers_only_to(*call.children[1], probed) && refers_only_to(*call.children[0], indexed)) {
    plan.probe = call.children[1]->Copy();
    plan.index = call.children[0]->Copy();
    plan.question.swapped = !plan.question.swapped;
  } else {
    return {};
  }
  return plan;
}

idx_t rows_of(ClientContext& context, LogicalOperator& op) {
  return op.has_estimated_cardinality ? op.estimated_cardinality : op.EstimateCardinality(context);
}

std::vector<OutputColumn> columns_of(LogicalOperator& side, const duckdb::vector<idx_t>& map, bool indexed) {
  std::vector<OutputColumn> columns;
  const idx_t count = map.empty() ? side.GetColumnBindings().size() : map.size();
  for (idx_t i = 0; i < count; ++i) columns.push_back({indexed, map.empty() ? i : map[i]});
  return columns;
}

// Turns the join `op` of that type into one by place, if one of the conditions is such; it is taken out of them.
bool make_spatial(ClientContext& context, unique_ptr<LogicalOperator>& op, JoinType type,
                  duckdb::vector<unique_ptr<Expression>>& conditions, const duckdb::vector<idx_t>& left_map = {},
                  const duckdb::vector<idx_t>& right_map = {}) {
  auto& left = *op->children[0];
  auto& right = *op->children[1];
  // The smaller side is indexed; of an outer join the one that is not kept whole.
  const bool left_indexed =
      type == JoinType::INNER ? rows_of(context, left) < rows_of(context, right) : type == JoinType::RIGHT;
  std::optional<JoinPlan> plan;
  size_t found = 0;
  for (; found < conditions.size() && !plan; ++found) {
    plan = as_spatial(*conditions[found], left_indexed ? right : left, left_indexed ? left : right);
  }
  if (!plan) return false;
  conditions.erase(conditions.begin() + static_cast<ptrdiff_t>(found) - 1);
  plan->type = type == JoinType::RIGHT ? JoinType::LEFT : type;
  plan->output = columns_of(left, left_map, left_indexed);
  if (plan->type == JoinType::INNER || plan->type == JoinType::LEFT) {
    for (const auto column : columns_of(right, right_map, !left_indexed)) plan->output.push_back(column);
  }
  const idx_t rows = rows_of(context, *op);
  auto join = duckdb::make_uniq<LogicalSpatialJoin>(*std::move(plan));
  join->SetEstimatedCardinality(rows);
  join->children.push_back(std::move(op->children[left_indexed ? 1 : 0]));
  join->children.push_back(std::move(op->children[left_indexed ? 0 : 1]));
  op = std::move(join);
  return true;
}

// Where the columns that the join gives stand among all columns of its sides.
duckdb::vector<idx_t> places_of(LogicalOperator& join) {
  const idx_t left = join.children[0]->GetColumnBindings().size();
  duckdb::vector<idx_t> places;
  const auto add = [&](LogicalOperator& side, const duckdb::vector<idx_t>* map, idx_t before) {
    for (const auto& column : columns_of(side, map ? *map : duckdb::vector<idx_t>(), false)) {
      places.push_back(before + column.column);
    }
  };
  const bool product = join.type == LogicalOperatorType::LOGICAL_CROSS_PRODUCT;
  const auto* maps = product ? nullptr : &join.Cast<duckdb::LogicalJoin>();
  add(*join.children[0], maps ? &maps->left_projection_map : nullptr, 0);
  add(*join.children[1], maps ? &maps->right_projection_map : nullptr, left);
  return places;
}

// The inner join `join` under these conditions, of whose columns `wanted` (all: empty) are given, becomes one by place with a
// filter of the other conditions above it. False: none of them is one, and nothing has changed but their number.
bool make_filtered(ClientContext& context, unique_ptr<LogicalOperator>& join,
                   duckdb::vector<unique_ptr<Expression>>& conditions, const duckdb::vector<idx_t>& wanted,
                   unique_ptr<LogicalOperator>& result) {
  const auto places = places_of(*join);
  const idx_t all = join->children[0]->GetColumnBindings().size() + join->children[1]->GetColumnBindings().size();
  duckdb::vector<idx_t> map;
  for (idx_t i = 0; i < (wanted.empty() ? places.size() : wanted.size()); ++i) {
    map.push_back(places[wanted.empty() ? i : wanted[i]]);
  }
  if (!make_spatial(context, join, JoinType::INNER, conditions)) return false;
  bool same = map.size() == all;
  for (idx_t i = 0; i < map.size(); ++i) same = same && map[i] == i;
  if (conditions.empty() && same) {
    result = std::move(join);
    return true;
  }
  auto filter = duckdb::make_uniq<duckdb::LogicalFilter>();
  filter->expressions = std::move(conditions);
  if (!same) filter->projection_map = std::move(map);
  filter->SetEstimatedCardinality(join->estimated_cardinality);
  filter->children.push_back(std::move(join));
  result = std::move(filter);
  return true;
}

// The conditions of a join that no hash can find the pairs of; none of any other.
duckdb::vector<unique_ptr<Expression>> slow_conditions(LogicalOperator& op) {
  duckdb::vector<unique_ptr<Expression>> conditions;
  for (const auto& condition : op.Cast<duckdb::LogicalComparisonJoin>().conditions) {
    const auto type = condition.comparison;
    if (type == duckdb::ExpressionType::COMPARE_EQUAL || type == duckdb::ExpressionType::COMPARE_NOT_DISTINCT_FROM) return {};
    conditions.push_back(
        duckdb::make_uniq<duckdb::BoundComparisonExpression>(type, condition.left->Copy(), condition.right->Copy()));
  }
  return conditions;
}

bool supported(JoinType type) {
  return type == JoinType::INNER || type == JoinType::LEFT || type == JoinType::RIGHT || type == JoinType::SEMI ||
         type == JoinType::ANTI;
}

void rewrite_any_join(ClientContext& context, unique_ptr<LogicalOperator>& op) {
  auto& any = op->Cast<duckdb::LogicalAnyJoin>();
  if (!supported(any.join_type)) return;
  duckdb::vector<unique_ptr<Expression>> conditions;
  conditions.push_back(any.condition->Copy());
  duckdb::LogicalFilter::SplitPredicates(conditions);
  if (any.join_type == JoinType::INNER) {
    make_filtered(context, op, conditions, {}, op);
  } else if (conditions.size() == 1) {
    const auto left = any.left_projection_map, right = any.right_projection_map;
    make_spatial(context, op, any.join_type, conditions, left, right);
  }
}

// After joins were put into order a predicate may stand above the product, or above a join by other comparisons.
void rewrite_filter(ClientContext& context, unique_ptr<LogicalOperator>& op) {
  auto& filter = op->Cast<duckdb::LogicalFilter>();
  auto& join = op->children[0];
  duckdb::vector<unique_ptr<Expression>> conditions;
  if (join->type == LogicalOperatorType::LOGICAL_COMPARISON_JOIN) {
    if (join->Cast<duckdb::LogicalComparisonJoin>().join_type != JoinType::INNER) return;
    conditions = slow_conditions(*join);
    if (conditions.empty()) return;
  } else if (join->type != LogicalOperatorType::LOGICAL_CROSS_PRODUCT) {
    return;
  }
  for (const auto& condition : filter.expressions) conditions.push_back(condition->Copy());
  duckdb::LogicalFilter::SplitPredicates(conditions);
  unique_ptr<LogicalOperator> made;
  if (make_filtered(context, join, conditions, filter.projection_map, made)) op = std::move(made);
}

void rewrite_joins(duckdb::OptimizerExtensionInput& input, unique_ptr<LogicalOperator>& op) {
  for (auto& child : op->children) rewrite_joins(input, child);
  if (op->type == LogicalOperatorType::LOGICAL_ANY_JOIN) return rewrite_any_join(input.context, op);
  if (op->type == LogicalOperatorType::LOGICAL_FILTER) return rewrite_filter(input.context, op);
}

// --- the predicates as functions -------------------------------------------------------------------------------------------

struct PredicateState : duckdb::FunctionLocalState {
  PredicateState() : shapes(geos) {}
  Geos geos;
  SpatialShapes shapes;
};

unique_ptr<duckdb::FunctionLocalState> make_state(duckdb::ExpressionState&, const duckdb::BoundFunctionExpression&,
                                                  duckdb::FunctionData*) {
  return duckdb::make_uniq<PredicateState>();
}

template <SpatialPredicate predicate, bool swapped, bool negated, bool any_srid>
void evaluate(DataChunk& input, duckdb::ExpressionState& expression, duckdb::Vector& result) {
  auto& state = duckdb::ExecuteFunctionState::GetFunctionState(expression)->Cast<PredicateState>();
  state.shapes.next_chunk();
  duckdb::BinaryExecutor::Execute<string_t, string_t, bool>(
      input.data[0], input.data[1], result, input.size(), [&](string_t a, string_t b) {
        SpatialShape& first = state.shapes.find(a);
        SpatialShape& second = state.shapes.find(b);
        if (!any_srid && first.srid() != second.srid()) refuse_srids(first.srid(), second.srid());
        return negated != (swapped ? SpatialShape::holds(predicate, second, first)
                                   : SpatialShape::holds(predicate, first, second));
      });
}

// Under its name, and under the one for geometries whose SRIDs do not count.
template <SpatialPredicate predicate, bool swapped, bool negated>
void add_predicate(Registry& registry, const std::string& name) {
  LogicalType geometry(duckdb::LogicalTypeId::BLOB);
  geometry.SetAlias("GEOMETRY");
  const auto add = [&](const std::string& called, duckdb::scalar_function_t run) {
    duckdb::ScalarFunction function(called, {geometry, geometry}, LogicalType::BOOLEAN, std::move(run));
    function.init_local_state = make_state;
    function.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
    registry.add(function);
  };
  add(name, evaluate<predicate, swapped, negated, false>);
  add(name + kAnySrid, evaluate<predicate, swapped, negated, true>);
}

}  // namespace

void add_spatial_join(duckdb::DatabaseInstance& database) {
  duckdb::OptimizerExtension rules;
  rules.optimize_function = rewrite_joins;
  auto& extensions = duckdb::DBConfig::GetConfig(database).optimizer_extensions;
  extensions.reserve(16);  // the spatial extension adds its own while statements are planned
  extensions.push_back(std::move(rules));
}

void add_spatial_predicates(Registry& registry) {
  constexpr auto kIntersects = SpatialPredicate::kIntersects;
  constexpr auto kContains = SpatialPredicate::kContains;
  constexpr auto kCovers = SpatialPredicate::kCovers;
  add_predicate<kIntersects, false, false>(registry, "st_intersects");
  add_predicate<kIntersects, false, true>(registry, "st_disjoint");
  add_predicate<kContains, false, false>(registry, "st_contains");
  add_predicate<kContains, true, false>(registry, "st_within");
  add_predicate<kCovers, false, false>(registry, "st_covers");
  add_predicate<kCovers, true, false>(registry, "st_coveredby");
}

}  // namespace tarn::sql::engine
