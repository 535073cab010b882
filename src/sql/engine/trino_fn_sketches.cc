// Sets and distributions of which a query keeps a summary: HyperLogLog, SetDigest, T-Digest, quantile digests. Their bytes are
// ours, not Trino's. https://trino.io/docs/current/functions/hyperloglog.html, .../setdigest.html, .../qdigest.html,
// .../tdigest.html
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>

#include "sql/engine/functions.h"
#include "sql/engine/trino_functions.h"

namespace tarn::sql::engine::trino {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::ScalarFunction;
using duckdb::Value;
using std::string;
using Values = duckdb::vector<Value>;

template <class T>
T load(const string& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <class T>
void store(string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

const string& bytes_of(const Value& value) {
  return duckdb::StringValue::Get(value);
}

Value of_type(const string& bytes, const LogicalType& type) {
  Value value = Value::BLOB_RAW(bytes);
  value.Reinterpret(type);
  return value;
}

[[noreturn]] void unreadable(const char* what) {
  raise("INVALID_FUNCTION_ARGUMENT", string("The bytes are no ") + what + " of this server");
}

// --- HyperLogLog: all hashes while there are few, then the registers of 2^14 buckets ---------------------------------

constexpr size_t kMostHashes = 8192, kBuckets = 16384;
constexpr int kBucketBits = 14;

struct HyperLogLog {
  std::vector<uint64_t> hashes;  // sorted; unless there are registers
  std::vector<uint8_t> registers;

  void add_to_registers(uint64_t hash) {
    auto& at = registers[hash >> (64 - kBucketBits)];
    at = std::max(at,
                  static_cast<uint8_t>(std::countl_zero(hash << kBucketBits | uint64_t{1} << (kBucketBits - 1)) + 1));
  }
  void add(uint64_t hash) {
    if (!registers.empty()) return add_to_registers(hash);
    hashes.push_back(hash);
    if (hashes.size() > 2 * kMostHashes) settle();
  }
  void settle() {
    std::sort(hashes.begin(), hashes.end());
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
    if (registers.empty() && hashes.size() <= kMostHashes) return;
    registers.resize(kBuckets);
    for (const uint64_t hash : hashes) add_to_registers(hash);
    hashes.clear();
  }
  void merge(const HyperLogLog& other) {
    hashes.insert(hashes.end(), other.hashes.begin(), other.hashes.end());
    if (!other.registers.empty()) {
      registers.resize(kBuckets);
      for (size_t i = 0; i < kBuckets; ++i) registers[i] = std::max(registers[i], other.registers[i]);
    }
    settle();
  }
  int64_t cardinality() const {
    if (registers.empty()) return static_cast<int64_t>(hashes.size());
    const double m = kBuckets;
    double sum = 0, zeros = 0;
    for (const uint8_t value : registers) {
      sum += std::ldexp(1.0, -value);
      zeros += value == 0;
    }
    const double estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;
    return std::llround(estimate <= 2.5 * m && zeros > 0 ? m * std::log(m / zeros) : estimate);
  }
  string bytes() const {
    string out(1, registers.empty() ? 's' : 'd');
    for (const uint64_t hash : hashes) store(out, hash);
    out.append(registers.begin(), registers.end());
    return out;
  }
  static HyperLogLog read(const string& bytes) {
    HyperLogLog set;
    const bool sparse = !bytes.empty() && bytes[0] == 's' && bytes.size() % 8 == 1;
    if (!sparse && !(bytes.size() == kBuckets + 1 && bytes[0] == 'd')) unreadable("HyperLogLog");
    for (size_t at = 1; sparse && at < bytes.size(); at += 8) set.hashes.push_back(load<uint64_t>(bytes, at));
    if (!sparse) set.registers.assign(bytes.begin() + 1, bytes.end());
    return set;
  }
};

// --- pairs of 8 bytes each: (value, weight), (hash, count) -----------------------------------------------------------

template <class A, class B>
std::vector<std::pair<A, B>> read_pairs(const string& bytes, const char* what) {
  if (bytes.size() % 16 != 0) unreadable(what);
  std::vector<std::pair<A, B>> pairs;
  for (size_t at = 0; at < bytes.size(); at += 16) pairs.emplace_back(load<A>(bytes, at), load<B>(bytes, at + 8));
  return pairs;
}

template <class A, class B>
string pair_bytes(const std::vector<std::pair<A, B>>& pairs) {
  string out;
  for (const auto& [a, b] : pairs) {
    store(out, a);
    store(out, b);
  }
  return out;
}

using Hashes = std::map<int64_t, uint64_t>;

Hashes read_hashes(const string& bytes) {
  const auto pairs = read_pairs<int64_t, uint64_t>(bytes, "SetDigest");
  return {pairs.begin(), pairs.end()};
}

string hash_bytes(const Hashes& hashes) {
  return pair_bytes<int64_t, uint64_t>({hashes.begin(), hashes.end()});
}

// --- T-Digest: means and weights, sorted -----------------------------------------------------------------------------

using Centroids = std::vector<std::pair<double, double>>;
constexpr size_t kMostCentroids = 1000;

double total_of(const Centroids& all) {
  double total = 0;
  for (const auto& [mean, weight] : all) total += weight;
  return total;
}

// Sorted, and no more than there may be: neighbours are one, fewer of them towards the ends.
Centroids settled(Centroids all) {
  std::sort(all.begin(), all.end());
  if (all.size() <= kMostCentroids) return all;
  const double total = total_of(all);
  Centroids kept;
  double before = 0;
  for (const auto& [mean, weight] : all) {
    const double q = total > 0 ? (before + weight / 2) / total : 0;
    const double room = 4 * total * q * (1 - q) / (static_cast<double>(kMostCentroids) / 2);
    if (!kept.empty() && kept.back().second + weight <= room) {
      auto& last = kept.back();
      last.first += (mean - last.first) * weight / (last.second + weight);
      last.second += weight;
    } else {
      kept.emplace_back(mean, weight);
    }
    before += weight;
  }
  return kept;
}

double between(double a, double weight_a, double b, double weight_b) {
  const double x = (a * weight_a + b * weight_b) / (weight_a + weight_b);
  return std::clamp(x, std::min(a, b), std::max(a, b));
}

// As Dunning's merging digest interpolates.
double tdigest_at(const Centroids& all, double quantile) {
  if (all.empty()) return std::nan("");
  const double total = total_of(all), index = quantile * total;
  if (all.size() == 1 || index < 1) return all.front().first;
  if (index > total - 1) return all.back().first;
  double before = all[0].second / 2;
  for (size_t i = 0; i + 1 < all.size(); ++i) {
    const double step = (all[i].second + all[i + 1].second) / 2;
    if (before + step > index) {
      const bool left_single = all[i].second == 1, right_single = all[i + 1].second == 1;
      if (left_single && index - before < 0.5) return all[i].first;
      if (right_single && before + step - index <= 0.5) return all[i + 1].first;
      const double z1 = index - before - (left_single ? 0.5 : 0), z2 = before + step - index - (right_single ? 0.5 : 0);
      return between(all[i].first, z2, all[i + 1].first, z1);
    }
    before += step;
  }
  return all.back().first;
}

double tdigest_rank(const Centroids& all, double x) {
  const double total = total_of(all);
  double below = 0;
  for (const auto& [mean, weight] : all) below += mean < x ? weight : mean == x ? weight / 2 : 0;
  return below / total;
}

// --- quantile digests: values and weights, sorted; a value's 8 bytes are a bigint's or a double's ---------------------

template <class T>
using Weights = std::vector<std::pair<T, double>>;
constexpr size_t kMostWeights = 20'000;

template <class T>
Weights<T> settled_weights(Weights<T> all) {
  std::sort(all.begin(), all.end());
  Weights<T> merged;
  for (const auto& [x, weight] : all) {
    if (!merged.empty() && merged.back().first == x) {
      merged.back().second += weight;
    } else {
      merged.emplace_back(x, weight);
    }
  }
  if (merged.size() <= kMostWeights) return merged;
  double total = 0, open = 0;
  for (const auto& one : merged) total += one.second;
  Weights<T> kept;
  for (const auto& [x, weight] : merged) {
    open += weight;
    if (open < total / (static_cast<double>(kMostWeights) / 2) && x != merged.back().first) continue;
    kept.emplace_back(x, open);
    open = 0;
  }
  return kept;
}

bool of_doubles(const LogicalType& digest) {
  return digest.GetAlias() != "qdigest(bigint)";
}

LogicalType digested(const LogicalType& digest) {
  const string& name = digest.GetAlias();
  return name == "qdigest(bigint)" ? LogicalType::BIGINT
         : name == "qdigest(real)" ? LogicalType::FLOAT
                                   : LogicalType::DOUBLE;
}

template <class T>
Value qdigest_at(const string& bytes, double quantile) {
  const auto all = read_pairs<T, double>(bytes, "quantile digest");
  double total = 0, sum = 0;
  for (const auto& one : all) total += one.second;
  for (const auto& [x, weight] : all) {
    sum += weight;
    if (sum > quantile * total) return Value::CreateValue<T>(x);
  }
  return all.empty() ? Value() : Value::CreateValue<T>(all.back().first);
}

Value value_at(const Value& digest, double quantile, const LogicalType& type) {
  if (!(quantile >= 0 && quantile <= 1))
    raise("INVALID_FUNCTION_ARGUMENT", "Quantile should be within bounds [0, 1], was: " + double_text(quantile));
  const string& bytes = bytes_of(digest);
  const Value value = digest.type().GetAlias() == "tdigest"
                          ? Value::DOUBLE(tdigest_at(read_pairs<double, double>(bytes, "T-Digest"), quantile))
                      : of_doubles(digest.type()) ? qdigest_at<double>(bytes, quantile)
                                                  : qdigest_at<int64_t>(bytes, quantile);
  return value.DefaultCastAs(type);
}

// --- the aggregate of hashes -----------------------------------------------------------------------------------------

struct HllState {
  HyperLogLog* set;  // nullptr: no value yet
};

struct HllOperation {
  static bool IgnoreNull() { return true; }
  static void Initialize(HllState& state) { state.set = nullptr; }
  template <class State>
  static void Destroy(State& state, duckdb::AggregateInputData&) {
    delete state.set;
  }
  static HyperLogLog& of(HllState& state) {
    if (!state.set) state.set = new HyperLogLog;
    return *state.set;
  }
  template <class Input, class State, class Op>
  static void Operation(State& state, const Input& hash, duckdb::AggregateUnaryInput&) {
    of(state).add(hash);
  }
  template <class Input, class State, class Op>
  static void ConstantOperation(State& state, const Input& hash, duckdb::AggregateUnaryInput&, duckdb::idx_t) {
    of(state).add(hash);
  }
  template <class State, class Op>
  static void Combine(const State& source, State& target, duckdb::AggregateInputData&) {
    if (source.set) of(target).merge(*source.set);
  }
  template <class Result, class State>
  static void Finalize(State& state, Result& target, duckdb::AggregateFinalizeData& data) {
    if (!state.set) return data.ReturnNull();
    state.set->settle();
    target = duckdb::StringVector::AddStringOrBlob(data.result, state.set->bytes());
  }
};

// --- functions -------------------------------------------------------------------------------------------------------

using Bound = duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>;

// A function of any types, whose result's type is made of theirs.
using TypeOf = LogicalType (*)(const duckdb::vector<LogicalType>&);
template <TypeOf type_of>
duckdb::unique_ptr<duckdb::FunctionData> bind_by(duckdb::ClientContext&, ScalarFunction& function, Bound& arguments) {
  duckdb::vector<LogicalType> types;
  for (size_t i = 0; i < arguments.size(); ++i) types.push_back(function.arguments[i] = arguments[i]->return_type);
  function.return_type = type_of(types);
  return nullptr;
}

using Run = Value (*)(const Values& arguments, const LogicalType& type);

template <TypeOf type_of, Run run>
ScalarFunction of_any(const char* name, size_t arguments) {
  const auto loop = [](duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
    const bool constant = input.AllConstant();
    Values values(input.ColumnCount());
    for (duckdb::idx_t row = 0; row < (constant ? 1 : input.size()); ++row) {
      bool null = false;
      for (duckdb::idx_t i = 0; i < input.ColumnCount(); ++i) {
        values[i] = input.data[i].GetValue(row);
        null = null || values[i].IsNull();
      }
      result.SetValue(row, null ? Value(result.GetType()) : run(values, result.GetType()));
    }
    if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  };
  return ScalarFunction(name, duckdb::vector<LogicalType>(arguments, LogicalType::ANY), LogicalType::ANY, loop,
                        bind_by<type_of>);
}

using Types = duckdb::vector<LogicalType>;
LogicalType set_type(const Types&) {
  return opaque_type("SetDigest");
}
LogicalType tdigest_type(const Types&) {
  return opaque_type("tdigest");
}
LogicalType bigint(const Types&) {
  return LogicalType::BIGINT;
}
LogicalType real(const Types&) {
  return LogicalType::DOUBLE;
}
LogicalType element(const Types& types) {
  return duckdb::ListType::GetChildType(types[0]);
}
LogicalType second(const Types& types) {
  return types[1];
}
LogicalType qdigest_type(const Types& types) {
  const LogicalType& x = duckdb::StructType::GetChildType(duckdb::ListType::GetChildType(types[0]), 0);
  return opaque_type(x.IsIntegral()                   ? "qdigest(bigint)"
                     : x.id() == LogicalTypeId::FLOAT ? "qdigest(real)"
                                                      : "qdigest(double)");
}
LogicalType digested_of(const Types& types) {
  return types[0].GetAlias() == "tdigest" ? LogicalType::DOUBLE : digested(types[0]);
}
LogicalType all_digested_of(const Types& types) {
  return LogicalType::LIST(digested_of(types));
}
LogicalType counts_of(const Types&) {
  return LogicalType::MAP(LogicalType::BIGINT, LogicalType::SMALLINT);
}

Value set_of(const Values& a, const LogicalType& type) {
  Hashes hashes;
  for (const Value& hash : duckdb::ListValue::GetChildren(a[0])) {
    if (!hash.IsNull()) ++hashes[hash.GetValue<int64_t>()];
  }
  return of_type(hash_bytes(hashes), type);
}

// {x, w} with neither NULL
template <class T>
std::vector<std::pair<T, double>> weighted(const Value& list) {
  std::vector<std::pair<T, double>> all;
  for (const Value& entry : duckdb::ListValue::GetChildren(list)) {
    const auto& pair = duckdb::StructValue::GetChildren(entry);
    if (!pair[0].IsNull() && !pair[1].IsNull()) all.emplace_back(pair[0].GetValue<T>(), pair[1].GetValue<double>());
  }
  return all;
}

Value tdigest_of(const Values& a, const LogicalType& type) {
  return of_type(pair_bytes(settled(weighted<double>(a[0]))), type);
}

Value qdigest_of(const Values& a, const LogicalType& type) {
  if (of_doubles(type)) return of_type(pair_bytes(settled_weights(weighted<double>(a[0]))), type);
  return of_type(pair_bytes(settled_weights(weighted<int64_t>(a[0]))), type);
}

template <class A>
std::vector<std::pair<A, double>> joined(const Values& digests, const char* what) {
  std::vector<std::pair<A, double>> all;
  for (const Value& digest : digests) {
    if (digest.IsNull()) continue;
    const auto more = read_pairs<A, double>(bytes_of(digest), what);
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

Value merged(const Values& a, const LogicalType& type) {
  const auto& digests = duckdb::ListValue::GetChildren(a[0]);
  const string& name = type.GetAlias();
  if (name == "tdigest") return of_type(pair_bytes(settled(joined<double>(digests, "T-Digest"))), type);
  if (name == "qdigest(bigint)")
    return of_type(pair_bytes(settled_weights(joined<int64_t>(digests, "quantile digest"))), type);
  if (name.starts_with("qdigest"))
    return of_type(pair_bytes(settled_weights(joined<double>(digests, "quantile digest"))), type);
  HyperLogLog set;
  Hashes hashes;
  for (const Value& digest : digests) {
    if (digest.IsNull()) continue;
    if (name == "SetDigest") {
      for (const auto& [hash, count] : read_hashes(bytes_of(digest))) hashes[hash] += count;
    } else {
      set.merge(HyperLogLog::read(bytes_of(digest)));
    }
  }
  return of_type(name == "SetDigest" ? hash_bytes(hashes) : set.bytes(), type);
}

Value cardinality(const Values& a, const LogicalType&) {
  if (a[0].type().GetAlias() == "SetDigest")
    return Value::BIGINT(static_cast<int64_t>(read_hashes(bytes_of(a[0])).size()));
  return Value::BIGINT(HyperLogLog::read(bytes_of(a[0])).cardinality());
}

int64_t in_both(const Hashes& a, const Hashes& b) {
  return std::count_if(a.begin(), a.end(), [&](const auto& one) { return b.contains(one.first); });
}

Value intersection(const Values& a, const LogicalType&) {
  return Value::BIGINT(in_both(read_hashes(bytes_of(a[0])), read_hashes(bytes_of(a[1]))));
}

Value jaccard(const Values& a, const LogicalType&) {
  const Hashes x = read_hashes(bytes_of(a[0])), y = read_hashes(bytes_of(a[1]));
  const auto both = static_cast<double>(in_both(x, y));
  return Value::DOUBLE(both / (static_cast<double>(x.size() + y.size()) - both));
}

Value hash_counts(const Values& a, const LogicalType&) {
  Values keys, counts;
  for (const auto& [hash, count] : read_hashes(bytes_of(a[0]))) {
    keys.push_back(Value::BIGINT(hash));
    counts.push_back(Value::SMALLINT(static_cast<int16_t>(std::min<uint64_t>(count, INT16_MAX))));
  }
  return Value::MAP(LogicalType::BIGINT, LogicalType::SMALLINT, std::move(keys), std::move(counts));
}

Value one_value(const Values& a, const LogicalType& type) {
  return value_at(a[0], a[1].GetValue<double>(), type);
}

Value all_values(const Values& a, const LogicalType& type) {
  Values found;
  for (const Value& quantile : duckdb::ListValue::GetChildren(a[1])) {
    found.push_back(value_at(a[0], quantile.GetValue<double>(), duckdb::ListType::GetChildType(type)));
  }
  return Value::LIST(duckdb::ListType::GetChildType(type), std::move(found));
}

template <class T>
Value qdigest_rank(const string& bytes, T x) {
  const auto all = read_pairs<T, double>(bytes, "quantile digest");
  if (all.empty() || x < all.front().first || x > all.back().first) return Value(LogicalType::DOUBLE);
  double total = 0, below = 0;
  for (const auto& [value, weight] : all) {
    total += weight;
    if (value < x) below += weight;
  }
  return Value::DOUBLE(below / total);
}

Value rank_of(const Values& a, const LogicalType&) {
  const string& bytes = bytes_of(a[0]);
  if (a[0].type().GetAlias() == "tdigest")
    return Value::DOUBLE(tdigest_rank(read_pairs<double, double>(bytes, "T-Digest"), a[1].GetValue<double>()));
  return of_doubles(a[0].type()) ? qdigest_rank<double>(bytes, a[1].GetValue<double>())
                                 : qdigest_rank<int64_t>(bytes, a[1].GetValue<int64_t>());
}

// The bytes of the first argument in the type of the second, a NULL.
void retag(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  result.Reinterpret(input.data[0]);
}

}  // namespace

void add_sketch_functions(Adder& adder) {
  using duckdb::AggregateFunction;
  duckdb::AggregateFunctionSet sets("hll");
  sets.AddFunction(AggregateFunction::UnaryAggregateDestructor<HllState, uint64_t, duckdb::string_t, HllOperation,
                                                               duckdb::AggregateDestructorType::LEGACY>(
      LogicalType::UBIGINT, opaque_type("HyperLogLog")));
  adder.add(sets);
  adder.add(by_row("t_empty_set", {}, opaque_type("HyperLogLog"),
                   [](const auto&) { return of_type(HyperLogLog().bytes(), opaque_type("HyperLogLog")); }));
  adder.add(of_any<set_type, set_of>("t_set_digest", 1));
  adder.add(of_any<tdigest_type, tdigest_of>("t_tdigest", 1));
  adder.add(of_any<qdigest_type, qdigest_of>("t_qdigest", 1));
  adder.add(of_any<element, merged>("t_merged", 1));
  adder.add(of_any<bigint, cardinality>("t_sketch_cardinality", 1));
  adder.add(of_any<bigint, intersection>("t_set_intersection", 2));
  adder.add(of_any<real, jaccard>("t_jaccard_index", 2));
  adder.add(of_any<counts_of, hash_counts>("t_hash_counts", 1));
  adder.add(of_any<digested_of, one_value>("t_value_at_quantile", 2));
  adder.add(of_any<all_digested_of, all_values>("t_values_at_quantiles", 2));
  adder.add(of_any<real, rank_of>("t_quantile_at_value", 2));
  ScalarFunction other("t_retag", {LogicalType::ANY, LogicalType::ANY}, LogicalType::ANY, retag, bind_by<second>);
  other.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  adder.add(other);
}

}  // namespace tarn::sql::engine::trino
