#include "services/glue/expressions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/time.h"

namespace tarn::glue {
namespace {

constexpr int kMaxDepth = 200;

enum class Type : uint8_t { kText, kInteger, kDecimal, kDate, kTimestamp };
using Value = std::variant<int64_t, std::string, Decimal>;  // dates and timestamps are microseconds

std::optional<Type> type_named(std::string_view hive_type) {
  const std::string name = lower(trim(hive_type.substr(0, hive_type.find('('))));
  if (name == "string" || name == "varchar" || name == "char") return Type::kText;
  if (name == "int" || name == "integer" || name == "bigint" || name == "long" || name == "smallint" ||
      name == "tinyint")
    return Type::kInteger;
  if (name == "decimal") return Type::kDecimal;
  if (name == "date") return Type::kDate;
  if (name == "timestamp") return Type::kTimestamp;
  return std::nullopt;
}

std::string_view article_and_name(Type type) {
  switch (type) {
    case Type::kText: return "a string";
    case Type::kInteger: return "an integer";
    case Type::kDecimal: return "a decimal";
    case Type::kDate: return "a date";
    case Type::kTimestamp: return "a timestamp";
  }
  std::unreachable();
}

std::optional<Value> read(Type type, std::string_view text) {
  switch (type) {
    case Type::kText: return Value(std::string(text));
    case Type::kInteger:
      if (const auto number = parse_int(text)) return Value(*number);
      return std::nullopt;
    case Type::kDecimal:
      if (auto number = Decimal::parse(text)) return Value(std::move(*number));
      return std::nullopt;
    case Type::kDate:
      if (text.size() != 10) return std::nullopt;
      [[fallthrough]];
    case Type::kTimestamp:
      if (const auto time = parse_iso8601(text)) return Value(time->micros);
      return std::nullopt;
  }
  std::unreachable();
}

// One code point of valid UTF-8, or one byte of what is not.
size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(length, text.size());
}

// '%' any run, '_' one character. Linear in pattern x text: only the last '%' is ever returned to.
bool like(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0;
  std::optional<size_t> star, resume;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == '_') {
      ++p;
      t += character_length(text.substr(t));
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star) {
      p = *star + 1;
      t = ++*resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

struct Token {
  enum class Kind : uint8_t { kEnd, kWord, kName /* quoted */, kText, kNumber, kSymbol };
  Kind kind = Kind::kEnd;
  std::string text;
  size_t position = 0;
};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal result;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    result.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  int64_t exponent = 0;
  if (const size_t e = text.find_first_of("eE"); e != text.npos) {
    std::string_view digits = text.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto number = parse_int(digits);
    if (!number || *number > 1'000'000 || *number < -1'000'000) return std::nullopt;
    exponent = *number;
    text = text.substr(0, e);
  }
  const size_t point = std::min(text.find('.'), text.size());
  result.digits.append(text.substr(0, point));
  if (point < text.size()) result.digits.append(text.substr(point + 1));
  if (result.digits.empty() || !std::ranges::all_of(result.digits, is_digit)) return std::nullopt;

  const size_t first = result.digits.find_first_not_of('0');
  if (first == std::string::npos) return Decimal{};
  result.exponent = exponent + static_cast<int64_t>(point) - static_cast<int64_t>(first);
  result.digits.erase(0, first);
  result.digits.erase(result.digits.find_last_not_of('0') + 1);
  return result;
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  const auto sign = [](const Decimal& d) { return d.digits.empty() ? 0 : d.negative ? -1 : 1; };
  if (sign(a) != sign(b)) return sign(a) <=> sign(b);
  const auto size = a.exponent != b.exponent ? a.exponent <=> b.exponent : a.digits.compare(b.digits) <=> 0;
  return a.negative ? 0 <=> size : size;
}

// --- the tree --------------------------------------------------------------------------------------------------------

struct Expression::Node {
  enum class Kind : uint8_t { kAnd, kOr, kNot, kCompare, kIn, kBetween, kLike, kIsNull };
  Kind kind;
  std::unique_ptr<Node> left = nullptr, right = nullptr;  // of kAnd and kOr; left of kNot

  // Of the predicates.
  size_t key = 0;
  std::string key_name = {};
  Type type = Type::kText;
  std::vector<Value> values = {};  // one (kCompare, kLike), two (kBetween), any number (kIn)
  std::string operation = {};      // of kCompare

  // nullopt: unknown, as a comparison with NULL is.
  Result<std::optional<bool>> matches(const std::vector<std::string>& row) const;
  Result<std::optional<bool>> predicate(const std::string& text) const;
};

Result<std::optional<bool>> Expression::Node::matches(const std::vector<std::string>& row) const {
  switch (kind) {
    case Kind::kNot: {
      const auto inner = TRY(left->matches(row));
      return inner ? std::optional(!*inner) : std::nullopt;
    }
    case Kind::kAnd:
    case Kind::kOr: {
      const bool decisive = kind == Kind::kOr;  // the operand's value that decides alone
      const auto a = TRY(left->matches(row));
      if (a == decisive) return a;
      const auto b = TRY(right->matches(row));
      if (b == decisive) return b;
      return a && b ? std::optional(!decisive) : std::nullopt;
    }
    default:
      // A partition of before the table's keys were changed.
      if (key >= row.size())
        return fail(400, "InvalidStateException",
                    fmt::format("A partition has {} values: none for partition key {}.", row.size(), key_name));
      return predicate(row[key]);
  }
}

Result<std::optional<bool>> Expression::Node::predicate(const std::string& text) const {
  const bool null = text == kNullPartition;
  if (kind == Kind::kIsNull) return null;
  if (null) return std::nullopt;

  const auto value = read(type, text);
  if (!value)
    return fail(
        400, "InvalidStateException",
        fmt::format("\"{}\" is not {}: the value of partition key {}.", text, article_and_name(type), key_name));
  switch (kind) {
    case Kind::kLike: return like(std::get<std::string>(values[0]), text);
    case Kind::kIn: return std::ranges::find(values, *value) != values.end();
    case Kind::kBetween: return values[0] <= *value && *value <= values[1];
    default: break;
  }
  const auto order = *value <=> values[0];
  if (operation == "=") return order == 0;
  if (operation == "<>" || operation == "!=") return order != 0;
  if (operation == "<") return order < 0;
  if (operation == "<=") return order <= 0;
  if (operation == ">") return order > 0;
  return order >= 0;
}

// --- the parser ------------------------------------------------------------------------------------------------------

class Expression::Parser {
 public:
  Parser(std::string_view text, const std::vector<PartitionKey>& keys) : text_(text), keys_(keys) {}

  Result<std::unique_ptr<Node>> run() {
    TRY(tokenise());
    auto root = TRY(disjunction(0));
    if (peek().kind != Token::Kind::kEnd) return unsupported("the expression should end here");
    return root;
  }

 private:
  using NodePtr = std::unique_ptr<Node>;
  // A partition key (by its index) or a literal (its text).
  struct Operand {
    std::optional<size_t> key;
    std::string literal;
  };

  Failure unsupported(std::string_view what) const {
    return fail(400, "InvalidInputException",
                fmt::format("Unsupported expression '{}': {}, at position {}{}.", text_, what, peek().position + 1,
                            peek().kind == Token::Kind::kEnd ? " (its end)" : ""));
  }

  Status tokenise();
  Result<size_t> quoted(size_t start);

  const Token& peek(size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
  bool accept_symbol(std::string_view symbol) {
    if (peek().kind != Token::Kind::kSymbol || peek().text != symbol) return false;
    ++next_;
    return true;
  }
  bool at_word(std::string_view word, size_t ahead = 0) const {
    return peek(ahead).kind == Token::Kind::kWord && equals_ignore_case(peek(ahead).text, word);
  }
  bool accept_word(std::string_view word) {
    if (!at_word(word)) return false;
    ++next_;
    return true;
  }
  bool at_operator() const {
    if (peek().kind == Token::Kind::kSymbol) return peek().text != "(" && peek().text != ")" && peek().text != ",";
    for (const std::string_view word : {"NOT", "IN", "BETWEEN", "LIKE", "IS"})
      if (at_word(word)) return true;
    return false;
  }

  Result<NodePtr> disjunction(int depth);
  Result<NodePtr> conjunction(int depth);
  Result<NodePtr> negation(int depth);
  Result<NodePtr> primary(int depth);
  Result<NodePtr> predicate(Operand left);
  Result<NodePtr> comparison(Operand left);
  Result<Operand> operand(int depth);
  Result<size_t> key_named(const Token& token) const;
  Result<std::string> literal();
  Result<NodePtr> about(Node::Kind kind, size_t key) const;
  Result<Value> typed(const Node& node, const std::string& literal) const;
  Result<Value> next_value(const Node& node) {
    const std::string text = TRY(literal());
    return typed(node, text);
  }

  std::string_view text_;
  const std::vector<PartitionKey>& keys_;
  std::vector<Token> tokens_;  // the last one is kEnd
  size_t next_ = 0;
};

Result<size_t> Expression::Parser::quoted(size_t start) {
  const char quote = text_[start];
  Token token{quote == '\'' ? Token::Kind::kText : Token::Kind::kName, "", start};
  for (size_t i = start + 1; i < text_.size(); ++i) {
    if (text_[i] == quote) {
      if (i + 1 >= text_.size() || text_[i + 1] != quote) {
        tokens_.push_back(std::move(token));
        return i + 1;
      }
      ++i;
    }
    token.text.push_back(text_[i]);
  }
  return fail(400, "InvalidInputException",
              fmt::format("Unsupported expression '{}': the quote at position {} is not closed.", text_, start + 1));
}

Status Expression::Parser::tokenise() {
  size_t i = 0;
  const auto take_while = [&](size_t from, auto&& belongs) {
    size_t end = from;
    while (end < text_.size() && belongs(text_[end])) ++end;
    return end;
  };
  while (true) {
    i = take_while(i, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
    if (i >= text_.size()) break;
    const char c = text_[i];
    size_t end = i + 1;
    if (c == '\'' || c == '"' || c == '`') {
      i = TRY(quoted(i));
      continue;
    }
    const bool signed_number =
        (c == '-' || c == '+') && end < text_.size() && (is_digit(text_[end]) || text_[end] == '.');
    if (is_digit(c) || signed_number || (c == '.' && end < text_.size() && is_digit(text_[end]))) {
      end = take_while(i + 1, [&](char d) { return is_digit(d) || d == '.'; });
      if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
        const bool sign = end + 1 < text_.size() && (text_[end + 1] == '-' || text_[end + 1] == '+');
        end = take_while(end + (sign ? 2 : 1), is_digit);
      }
      tokens_.push_back({Token::Kind::kNumber, std::string(text_.substr(i, end - i)), i});
    } else if (is_name_character(c)) {
      end = take_while(i, is_name_character);
      tokens_.push_back({Token::Kind::kWord, std::string(text_.substr(i, end - i)), i});
    } else {
      const std::string_view two = text_.substr(i, 2);
      if (two == "<>" || two == "<=" || two == ">=" || two == "!=") end = i + 2;
      tokens_.push_back({Token::Kind::kSymbol, std::string(text_.substr(i, end - i)), i});
    }
    i = end;
  }
  tokens_.push_back({Token::Kind::kEnd, "", text_.size()});
  return {};
}

Result<Expression::Parser::NodePtr> Expression::Parser::disjunction(int depth) {
  auto left = TRY(conjunction(depth));
  while (accept_word("OR")) {
    auto right = TRY(conjunction(depth));
    left = std::make_unique<Node>(Node{Node::Kind::kOr, std::move(left), std::move(right)});
  }
  return left;
}

Result<Expression::Parser::NodePtr> Expression::Parser::conjunction(int depth) {
  auto left = TRY(negation(depth));
  while (accept_word("AND")) {
    auto right = TRY(negation(depth));
    left = std::make_unique<Node>(Node{Node::Kind::kAnd, std::move(left), std::move(right)});
  }
  return left;
}

Result<Expression::Parser::NodePtr> Expression::Parser::negation(int depth) {
  if (depth > kMaxDepth) return unsupported("it is nested too deeply");
  if (!accept_word("NOT")) return primary(depth);
  auto inner = TRY(negation(depth + 1));
  return std::make_unique<Node>(Node{Node::Kind::kNot, std::move(inner)});
}

Result<Expression::Parser::NodePtr> Expression::Parser::primary(int depth) {
  // A parenthesis opens an operand, "(a) = 1", or an expression, "(a = 1)": what follows the operand tells.
  const size_t start = next_;
  auto left = operand(depth);
  if (left && at_operator()) return predicate(std::move(*left));
  if (tokens_[start].text != "(" || tokens_[start].kind != Token::Kind::kSymbol) {
    if (!left) return Failure(std::move(left).error());
    return unsupported("an operator is missing");
  }
  next_ = start + 1;
  auto inner = TRY(disjunction(depth + 1));
  if (!accept_symbol(")")) return unsupported("a closing parenthesis is missing");
  return inner;
}

Result<Expression::Parser::Operand> Expression::Parser::operand(int depth) {
  if (depth > kMaxDepth) return unsupported("it is nested too deeply");
  if (accept_symbol("(")) {
    auto inner = TRY(operand(depth + 1));
    if (!accept_symbol(")")) return unsupported("a closing parenthesis is missing");
    return inner;
  }
  const Token& token = peek();
  const bool typed_literal = peek(1).kind == Token::Kind::kText && (at_word("DATE") || at_word("TIMESTAMP"));
  if (token.kind == Token::Kind::kName || (token.kind == Token::Kind::kWord && !typed_literal)) {
    const size_t key = TRY(key_named(token));
    ++next_;
    return Operand{key, ""};
  }
  return Operand{std::nullopt, TRY(literal())};
}

Result<std::string> Expression::Parser::literal() {
  if (peek(1).kind == Token::Kind::kText && (at_word("DATE") || at_word("TIMESTAMP"))) ++next_;
  if (peek().kind != Token::Kind::kText && peek().kind != Token::Kind::kNumber)
    return unsupported("a literal is missing");
  return tokens_[next_++].text;
}

Result<size_t> Expression::Parser::key_named(const Token& token) const {
  for (size_t i = 0; i < keys_.size(); ++i)
    if (equals_ignore_case(keys_[i].name, token.text)) return i;
  std::string names;
  for (const auto& key : keys_) names += (names.empty() ? "" : ", ") + key.name;
  return fail(
      400, "InvalidInputException",
      fmt::format("Invalid partition expression! Unknown column '{}' at position {}; the table's partition keys "
                  "are: {}.",
                  token.text, token.position + 1, names.empty() ? "none" : names));
}

Result<Expression::Parser::NodePtr> Expression::Parser::about(Node::Kind kind, size_t key) const {
  const auto type = type_named(keys_[key].type);
  if (!type)
    return fail(400, "InvalidInputException",
                fmt::format("Unknown type : '{}'. Partition key {} cannot be used in an expression.", keys_[key].type,
                            keys_[key].name));
  auto node = std::make_unique<Node>(Node{kind});
  node->key = key;
  node->key_name = keys_[key].name;
  node->type = *type;
  return node;
}

Result<Value> Expression::Parser::typed(const Node& node, const std::string& literal) const {
  auto value = read(node.type, literal);
  if (!value)
    return fail(400, "InvalidInputException",
                fmt::format("{} is not {}: partition key {} is {}.", literal, article_and_name(node.type),
                            node.key_name, keys_[node.key].type));
  return std::move(*value);
}

Result<Expression::Parser::NodePtr> Expression::Parser::predicate(Operand left) {
  if (peek().kind == Token::Kind::kSymbol) return comparison(std::move(left));
  if (!left.key) return unsupported("a partition key should stand before this");

  if (accept_word("IS")) {
    const bool negated = accept_word("NOT");
    if (!accept_word("NULL")) return unsupported("NULL is missing");
    auto node = TRY(about(Node::Kind::kIsNull, *left.key));
    return negated ? std::make_unique<Node>(Node{Node::Kind::kNot, std::move(node)}) : std::move(node);
  }
  const bool negated = accept_word("NOT");
  NodePtr node;
  if (accept_word("LIKE")) {
    node = TRY(about(Node::Kind::kLike, *left.key));
    if (node->type != Type::kText)
      return fail(400, "InvalidInputException",
                  fmt::format("{} data type doesn't support operation 'LIKE': partition key {}.",
                              node->type == Type::kInteger   ? "Integral"
                              : node->type == Type::kDecimal ? "Decimal"
                              : node->type == Type::kDate    ? "Date"
                                                             : "Timestamp",
                              node->key_name));
    node->values.push_back(TRY(next_value(*node)));
  } else if (accept_word("BETWEEN")) {
    node = TRY(about(Node::Kind::kBetween, *left.key));
    node->values.push_back(TRY(next_value(*node)));
    if (!accept_word("AND")) return unsupported("AND is missing");
    node->values.push_back(TRY(next_value(*node)));
  } else if (accept_word("IN")) {
    node = TRY(about(Node::Kind::kIn, *left.key));
    if (!accept_symbol("(")) return unsupported("a list in parentheses is missing");
    do node->values.push_back(TRY(next_value(*node)));
    while (accept_symbol(","));
    if (!accept_symbol(")")) return unsupported("a closing parenthesis is missing");
  } else {
    return unsupported("LIKE, BETWEEN or IN is missing");
  }
  return negated ? std::make_unique<Node>(Node{Node::Kind::kNot, std::move(node)}) : std::move(node);
}

Result<Expression::Parser::NodePtr> Expression::Parser::comparison(Operand left) {
  static constexpr std::pair<std::string_view, std::string_view> kMirrored[] = {
      {"=", "="}, {"<>", "<>"}, {"!=", "!="}, {"<", ">"}, {"<=", ">="}, {">", "<"}, {">=", "<="}};
  const auto found = std::ranges::find(kMirrored, peek().text, &std::pair<std::string_view, std::string_view>::first);
  if (found == std::end(kMirrored)) return unsupported(fmt::format("'{}' is no operator of it", peek().text));
  ++next_;
  auto right = TRY(operand(0));
  if (left.key.has_value() == right.key.has_value())
    return unsupported("a comparison needs a partition key on one side and a literal on the other");
  auto node = TRY(about(Node::Kind::kCompare, left.key ? *left.key : *right.key));
  node->operation = left.key ? found->first : found->second;
  node->values.push_back(TRY(typed(*node, left.key ? right.literal : left.literal)));
  return node;
}

// --- Expression ------------------------------------------------------------------------------------------------------

Expression::Expression(std::unique_ptr<Node> root) : root_(std::move(root)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

Result<Expression> Expression::parse(std::string_view text, const std::vector<PartitionKey>& keys) {
  return Expression(TRY(Parser(text, keys).run()));
}

Result<bool> Expression::matches(const std::vector<std::string>& values) const {
  return TRY(root_->matches(values)).value_or(false);
}

}  // namespace tarn::glue
