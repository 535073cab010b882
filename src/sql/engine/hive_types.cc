#include "sql/engine/hive_types.h"

#include "base/text.h"
#include "sql/engine/errors.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;

// Reads one type from the front of the text: array<struct<a:int,b:map<string,decimal(10,2)>>>.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  LogicalType type() {
    const std::string name = lower(word());
    if (name == "array") {
      expect('<');
      LogicalType item = type();
      expect('>');
      return LogicalType::LIST(item);
    }
    if (name == "map") {
      expect('<');
      LogicalType key = type();
      expect(',');
      LogicalType value = type();
      expect('>');
      return LogicalType::MAP(key, value);
    }
    if (name == "struct") return structure();
    return scalar(name, numbers());
  }
  bool ended() const { return at_ == text_.size(); }

 private:
  LogicalType structure() {
    duckdb::child_list_t<LogicalType> members;
    expect('<');
    do {
      std::string name(word());
      expect(':');
      members.emplace_back(std::move(name), type());
    } while (accept(','));
    expect('>');
    return LogicalType::STRUCT(std::move(members));
  }

  LogicalType scalar(const std::string& name, const std::vector<int>& n) {
    if (name == "tinyint") return LogicalType::TINYINT;
    if (name == "smallint" || name == "int2") return LogicalType::SMALLINT;
    if (name == "int" || name == "integer" || name == "int4") return LogicalType::INTEGER;
    if (name == "bigint" || name == "long" || name == "int8") return LogicalType::BIGINT;
    if (name == "float" || name == "real" || name == "float4") return LogicalType::FLOAT;
    if (name == "double" || name == "double precision" || name == "float8") return LogicalType::DOUBLE;
    if (name == "boolean" || name == "bool") return LogicalType::BOOLEAN;
    if (name == "string" || name == "varchar" || name == "char" || name == "text" || name == "character varying") {
      return LogicalType::VARCHAR;
    }
    if (name == "date") return LogicalType::DATE;
    if (name == "timestamp") return LogicalType::TIMESTAMP;
    if (name == "timestamptz" || name == "timestamp with local time zone") return LogicalType::TIMESTAMP_TZ;
    if (name == "binary" || name == "varbyte") return LogicalType::BLOB;
    if (name == "super" || name == "json") return LogicalType::JSON();
    if (name == "decimal" || name == "numeric") {
      const int precision = n.empty() ? 10 : n[0];
      const int scale = n.size() < 2 ? 0 : n[1];
      if (precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision) {
        return LogicalType::DECIMAL(static_cast<uint8_t>(precision), static_cast<uint8_t>(scale));
      }
    }
    raise_sql("0A000", "The column type \"" + std::string(text_) + "\" of the external table is not supported.");
  }

  std::vector<int> numbers() {
    std::vector<int> found;
    if (!accept('(')) return found;
    do {
      const std::string digits(word());
      found.push_back(digits == "max" ? 65535 : static_cast<int>(parse_int(digits).value_or(-1)));
    } while (accept(','));
    expect(')');
    return found;
  }

  std::string_view word() {
    const size_t from = at_;
    while (at_ < text_.size() && !std::string_view("<>,:()").contains(text_[at_])) ++at_;
    return trim(text_.substr(from, at_ - from));
  }
  bool accept(char c) {
    if (at_ < text_.size() && text_[at_] == c) {
      ++at_;
      return true;
    }
    return false;
  }
  void expect(char c) {
    if (!accept(c))
      raise_sql("0A000", "The column type \"" + std::string(text_) + "\" of the external table is malformed.");
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

LogicalType hive_type(const std::string& name, Dialect dialect) {
  Reader reader(name);
  LogicalType type = reader.type();
  if (!reader.ended()) raise_sql("0A000", "The column type \"" + name + "\" of the external table is malformed.");
  if (dialect != Dialect::kAthena && type.IsNested()) return LogicalType::JSON();
  return type;
}

}  // namespace tarn::sql::engine
