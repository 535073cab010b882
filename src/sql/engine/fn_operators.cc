// Comparison and its implicit conversions, decided when bound, where types are known.
#include "sql/engine/catalog_arrays.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/parameters.h"
#include "sql/engine/text_filters.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::ExpressionType;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::unique_ptr;
using duckdb::Value;

bool is_constant(const Expression& e) {
  return e.GetExpressionType() == ExpressionType::VALUE_CONSTANT;
}
bool is_null(const Expression& e) {
  return e.return_type.id() == LogicalTypeId::SQLNULL;
}

// One side is text: it takes the other's kind. A literal must be readable; a column's value that is not compares as NULL.
void convert_text(ClientContext& context, unique_ptr<Expression>& text, const LogicalType& other) {
  const bool literal = is_constant(*text);
  if (other.IsNumeric()) {
    text = cast_to(context, std::move(text), number_for_text(other), !literal);
  } else {
    text = converted(context, std::move(text), other);
  }
}

// Brings both sides to comparable types.
void align(ClientContext& context, unique_ptr<Expression>& a, unique_ptr<Expression>& b) {
  if (is_null(*a) || is_null(*b)) return;
  const bool text_a = is_text(a->return_type), text_b = is_text(b->return_type);
  if (text_a && !text_b) convert_text(context, a, b->return_type);
  if (text_b && !text_a) convert_text(context, b, a->return_type);
}

unique_ptr<Expression> compare(ClientContext& context, ExpressionType type, unique_ptr<Expression> a,
                               unique_ptr<Expression> b) {
  const auto common = duckdb::BoundComparisonExpression::BindComparison(context, a->return_type, b->return_type, type);
  a = cast_to(context, std::move(a), common);
  b = cast_to(context, std::move(b), common);
  return duckdb::make_uniq<duckdb::BoundComparisonExpression>(type, std::move(a), std::move(b));
}

// Text compares without its trailing blanks.
unique_ptr<Expression> compare_texts(ClientContext& context, ExpressionType type, unique_ptr<Expression> a,
                                     unique_ptr<Expression> b) {
  const auto any_case = [](const Expression& e) {
    return e.GetExpressionClass() == duckdb::ExpressionClass::BOUND_FUNCTION &&
           e.Cast<duckdb::BoundFunctionExpression>().function.name == "any_case_run";
  };
  if (any_case(*a) || any_case(*b)) {
    a = call(context, "main", "lower", arguments(std::move(a)));
    b = call(context, "main", "lower", arguments(std::move(b)));
  }
  return compare(context, type, text_without_blanks(context, std::move(a)), text_without_blanks(context, std::move(b)));
}

// Dynamic types: values of different ones are not equal, and neither is smaller.
unique_ptr<Expression> compare_supers(ClientContext& context, ExpressionType type, unique_ptr<Expression> a,
                                      unique_ptr<Expression> b) {
  if (type == ExpressionType::COMPARE_EQUAL || type == ExpressionType::COMPARE_NOTEQUAL) {
    auto key_a = call(context, kFunctionSchema, "super_key", arguments(std::move(a)));
    auto key_b = call(context, kFunctionSchema, "super_key", arguments(std::move(b)));
    return compare(context, type, std::move(key_a), std::move(key_b));
  }
  auto order = call(context, kFunctionSchema, "super_order", arguments(std::move(a), std::move(b)));
  return compare(context, type, std::move(order), constant(Value::INTEGER(0)));
}

unique_ptr<Expression> compare_any(ClientContext& context, ExpressionType type, unique_ptr<Expression> a,
                                   unique_ptr<Expression> b) {
  const bool supers = is_super(a->return_type) || is_super(b->return_type);
  if (supers && !is_null(*a) && !is_null(*b)) return compare_supers(context, type, std::move(a), std::move(b));
  note_parameter(context, *a, b->return_type);
  note_parameter(context, *b, a->return_type);
  align(context, a, b);
  if (is_text(a->return_type) && is_text(b->return_type))
    return compare_texts(context, type, std::move(a), std::move(b));
  return compare(context, type, std::move(a), std::move(b));
}

template <ExpressionType type>
unique_ptr<Expression> bind_comparison(FunctionBindExpressionInput& input) {
  return compare_any(input.context, type, std::move(input.children[0]), std::move(input.children[1]));
}

unique_ptr<Expression> bind_in(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto subject = std::move(input.children[0]);
  bool plain = true;
  for (size_t i = 1; i < input.children.size(); ++i) {
    const LogicalType& type = input.children[i]->return_type;
    plain = plain && (is_text(type) == is_text(subject->return_type)) && !is_super(type);
  }
  if (is_super(subject->return_type)) plain = false;
  if (!plain) {  // each by itself, as `=` would
    auto any = duckdb::make_uniq<duckdb::BoundConjunctionExpression>(ExpressionType::CONJUNCTION_OR);
    for (size_t i = 1; i < input.children.size(); ++i) {
      any->children.push_back(
          compare_any(context, ExpressionType::COMPARE_EQUAL, subject->Copy(), std::move(input.children[i])));
    }
    if (any->children.size() == 1) return std::move(any->children[0]);
    return any;
  }
  LogicalType common = subject->return_type;
  const bool texts = is_text(common);
  for (size_t i = 1; i < input.children.size(); ++i) {
    common = duckdb::BoundComparisonExpression::BindComparison(context, common, input.children[i]->return_type,
                                                               ExpressionType::COMPARE_IN);
  }
  auto in = duckdb::make_uniq<duckdb::BoundOperatorExpression>(ExpressionType::COMPARE_IN, LogicalType::BOOLEAN);
  const auto add = [&](unique_ptr<Expression> item) {
    if (texts) item = text_without_blanks(context, std::move(item));
    in->children.push_back(cast_to(context, std::move(item), common));
  };
  add(std::move(subject));
  for (size_t i = 1; i < input.children.size(); ++i) add(std::move(input.children[i]));
  return in;
}

unique_ptr<Expression> bind_concat(FunctionBindExpressionInput& input) {
  auto a = std::move(input.children[0]), b = std::move(input.children[1]);
  if (is_null(*a) || is_null(*b)) {
    const bool bytes = is_null(*a) && b->return_type.id() == LogicalTypeId::BLOB;
    return constant(Value(bytes ? LogicalType::BLOB : LogicalType::VARCHAR));
  }
  if (a->return_type.id() == LogicalTypeId::BLOB || b->return_type.id() == LogicalTypeId::BLOB) {
    return call(input.context, "main", "||",
                arguments(cast_to(input.context, std::move(a), LogicalType::BLOB),
                     cast_to(input.context, std::move(b), LogicalType::BLOB)),
                true);
  }
  for (const auto* array : {&a->return_type, &b->return_type}) {
    if (!is_catalog_array(*array)) continue;
    const Value name(array->GetAlias());
    auto both = call(input.context, "main", "list_concat", arguments(plain(std::move(a)), plain(std::move(b))));
    return call(input.context, kFunctionSchema, "catalog_array", arguments(std::move(both), constant(name)));
  }
  if (is_super(a->return_type) && is_super(b->return_type)) {
    return call(input.context, kFunctionSchema, "array_concat", arguments(std::move(a), std::move(b)));
  }
  return call(input.context, "main", "||",
              arguments(as_text(input.context, std::move(a)), as_text(input.context, std::move(b))), true);
}

// --- the functions that those use --------------------------------------------------------------------------------------

bool ends_blank(const duckdb::string_t& text) {
  const auto size = text.GetSize();
  return size > 0 && text.GetData()[size - 1] == ' ';
}

// Does any text of the rows, or of a dictionary shorter than they are, end with a blank? `format`: the texts' own.
bool any_ends_blank(duckdb::Vector& texts, const duckdb::UnifiedVectorFormat& format, duckdb::idx_t rows) {
  const auto* values = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(format);
  const auto blank = [&](duckdb::idx_t at) { return format.validity.RowIsValid(at) && ends_blank(values[at]); };
  if (texts.GetVectorType() == duckdb::VectorType::DICTIONARY_VECTOR) {
    const auto size = duckdb::DictionaryVector::DictionarySize(texts);
    if (size.IsValid() && size.GetIndex() < rows) {
      for (duckdb::idx_t at = 0; at < size.GetIndex(); ++at) {
        if (blank(at)) return true;
      }
      return false;
    }
  }
  for (duckdb::idx_t row = 0; row < rows; ++row) {
    if (blank(format.sel->get_index(row))) return true;
  }
  return false;
}

// Most texts end without a blank: then the vector stays as it is, dictionary and all.
void without_blanks(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnifiedVectorFormat format;
  input.data[0].ToUnifiedFormat(input.size(), format);
  if (!any_ends_blank(input.data[0], format, input.size())) return result.Reference(input.data[0]);
  // The result points into the argument's bytes.
  duckdb::UnaryExecutor::Execute<duckdb::string_t, duckdb::string_t>(
      input.data[0], result, input.size(), [&](duckdb::string_t text) {
        if (!ends_blank(text)) return text;
        const char* data = text.GetData();
        auto size = text.GetSize();
        while (size > 0 && data[size - 1] == ' ') --size;
        return duckdb::string_t(data, static_cast<uint32_t>(size));
      });
  duckdb::StringVector::AddHeapReference(result, input.data[0]);
}

// Grouping by short texts keeps its short keys: no value gets longer.
unique_ptr<duckdb::BaseStatistics> without_blanks_statistics(ClientContext&, duckdb::FunctionStatisticsInput& input) {
  auto& of = input.child_stats[0];
  auto stats = duckdb::StringStats::CreateUnknown(LogicalType::VARCHAR);
  const std::string max = duckdb::StringStats::Max(of);
  const bool known = static_cast<unsigned char>(max.empty() ? 0 : max[0]) < 0xFF;
  if (known) duckdb::StringStats::SetMax(stats, duckdb::string_t(max));
  if (duckdb::StringStats::HasMaxStringLength(of)) {
    // DuckDB 1.4.4 packs texts of one byte by their greatest one, and into a range that is too small if that is not known.
    const uint32_t least = known ? 0 : 2;
    duckdb::StringStats::SetMaxStringLength(stats, std::max(least, duckdb::StringStats::MaxStringLength(of)));
  }
  stats.CopyValidity(of);
  return stats.ToUnique();
}

// blank_counts(text, ..), of four at most: how many blanks each ends with, in 16 bits each. Most end with none.
void blank_counts(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  uint64_t* counts = nullptr;  // from the first column with blanks on
  for (duckdb::idx_t column = 0; column < input.ColumnCount(); ++column) {
    duckdb::UnifiedVectorFormat format;
    input.data[column].ToUnifiedFormat(input.size(), format);
    if (!any_ends_blank(input.data[column], format, input.size())) continue;
    if (counts == nullptr) {
      counts = duckdb::FlatVector::GetData<uint64_t>(result);
      std::fill_n(counts, input.size(), 0);
    }
    const auto* texts = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(format);
    for (duckdb::idx_t row = 0; row < input.size(); ++row) {
      const auto at = format.sel->get_index(row);
      if (!format.validity.RowIsValid(at) || !ends_blank(texts[at])) continue;
      const auto text = view(texts[at]);
      const uint64_t blanks = text.size() - (text.find_last_not_of(' ') + 1);
      counts[row] |= std::min<uint64_t>(blanks, 0xFFFF) << (16 * column);
    }
  }
  if (counts == nullptr) {
    result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
    duckdb::ConstantVector::GetData<uint64_t>(result)[0] = 0;
  } else if (input.AllConstant()) {
    result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  }
}

// with_blanks(text, counts, which): the text with its blanks behind it.
void with_blanks(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnifiedVectorFormat format;
  input.data[1].ToUnifiedFormat(input.size(), format);
  const auto* counts = duckdb::UnifiedVectorFormat::GetData<uint64_t>(format);
  const int shift = 16 * duckdb::ConstantVector::GetData<int32_t>(input.data[2])[0];
  bool any = false;
  for (duckdb::idx_t row = 0; row < input.size() && !any; ++row) {
    const auto at = format.sel->get_index(row);
    any = format.validity.RowIsValid(at) && (counts[at] >> shift & 0xFFFF) != 0;
  }
  if (!any) return result.Reference(input.data[0]);
  duckdb::BinaryExecutor::Execute<duckdb::string_t, uint64_t, duckdb::string_t>(
      input.data[0], input.data[1], result, input.size(), [&](duckdb::string_t text, uint64_t numbers) {
        std::string shown = text.GetString();
        shown.append(numbers >> shift & 0xFFFF, ' ');
        return duckdb::StringVector::AddString(result, shown);
      });
}

void pad_char(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<duckdb::string_t, int32_t, duckdb::string_t>(
      input.data[0], input.data[1], result, input.size(), [&](duckdb::string_t text, int32_t length) {
        std::string padded = text.GetString();
        if (padded.size() < static_cast<size_t>(length)) padded.resize(static_cast<size_t>(length), ' ');
        return duckdb::StringVector::AddString(result, padded);
      });
}

// COLLATE(text, 'case_insensitive'): the text; comparisons see what it is.
unique_ptr<Expression> bind_any_case(FunctionBindExpressionInput& input) {
  return call(input.context, kFunctionSchema, "any_case_run",
              arguments(as_text(input.context, std::move(input.children[0]))));
}
void any_case_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  result.Reference(input.data[0]);
}

}  // namespace

void add_operators(Registry& registry) {
  registry.add(typed("eq", 2, bind_comparison<ExpressionType::COMPARE_EQUAL>));
  registry.add(typed("ne", 2, bind_comparison<ExpressionType::COMPARE_NOTEQUAL>));
  registry.add(typed("lt", 2, bind_comparison<ExpressionType::COMPARE_LESSTHAN>));
  registry.add(typed("le", 2, bind_comparison<ExpressionType::COMPARE_LESSTHANOREQUALTO>));
  registry.add(typed("gt", 2, bind_comparison<ExpressionType::COMPARE_GREATERTHAN>));
  registry.add(typed("ge", 2, bind_comparison<ExpressionType::COMPARE_GREATERTHANOREQUALTO>));
  registry.add(typed_variadic("in_list", bind_in));
  registry.add(typed("concat", 2, bind_concat));
  registry.add(typed("any_case", 1, bind_any_case));
  registry.add(duckdb::ScalarFunction("any_case_run", {LogicalType::VARCHAR}, LogicalType::VARCHAR, any_case_run));
  duckdb::ScalarFunction blanks("without_blanks", {LogicalType::VARCHAR}, LogicalType::VARCHAR, without_blanks);
  blanks.statistics = without_blanks_statistics;
  registry.add(blanks);
  duckdb::ScalarFunction counts("blank_counts", {LogicalType::VARCHAR}, LogicalType::UBIGINT, blank_counts);
  counts.varargs = LogicalType::VARCHAR;
  counts.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  registry.add(counts);
  registry.add(duckdb::ScalarFunction("with_blanks", {LogicalType::VARCHAR, LogicalType::UBIGINT, LogicalType::INTEGER},
                                      LogicalType::VARCHAR, with_blanks));
  registry.add(
      duckdb::ScalarFunction("pad_char", {LogicalType::VARCHAR, LogicalType::INTEGER}, LogicalType::VARCHAR, pad_char));
}

}  // namespace tarn::sql::engine
