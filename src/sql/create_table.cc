#include "sql/create_table.h"

#include "base/text.h"
#include "sql/sql_error.h"
#include "sql/types_redshift.h"

namespace tarn::sql {
namespace {

class CreateTable {
 public:
  CreateTable(Reader& reader, Edits& edits, TableAttributes& attributes)
      : reader_(reader), edits_(edits), attributes_(attributes) {}

  Status run() {
    bool temporary = false;
    while (reader_.peek().is("local") || reader_.peek().is("temp") || reader_.peek().is("temporary")) {
      if (reader_.peek().is("local"))
        edits_.erase(reader_.peek().begin, reader_.peek().end);
      else
        temporary = true;
      reader_.next();
    }
    const size_t table = reader_.peek().begin;
    TRY(reader_.expect("table"));
    reader_.accept("if", "not", "exists");
    const QualifiedName name = TRY(reader_.qualified_name());
    if (name.name.starts_with('#') && !temporary) edits_.insert(table, "TEMP ");
    if (reader_.peek().is_op("(")) TRY(body());
    return table_attributes();
  }

  // name type attributes; stops at "," or ")" or the end.
  Status column() {
    ColumnAttributes column;
    column.column = TRY(reader_.name());
    if (!reader_.peek().is_op(",") && !reader_.peek().is_op(")")) {  // CREATE TABLE t (a, b) AS ..
      TRY(edit_type());
      while (!at_element_end()) TRY(column_attribute(column));
    }
    const bool any = !column.encode.empty() || column.distkey || column.sortkey != 0 || column.identity;
    if (any) named(column.column) = std::move(column);
    return {};
  }

  Status edit_type() {
    const size_t begin = reader_.peek().begin;
    const SqlType type = TRY(parse_type(reader_));
    edits_.replace(begin, reader_.previous_end(), engine_type(type, TypeUse::kColumn));
    return {};
  }

  // ALTER TABLE t ADD [CONSTRAINT n] PRIMARY KEY .. | DROP CONSTRAINT n: what the table's comment shall have of keys.
  Result<bool> key_change(const QualifiedName& table) {
    std::string change;
    if (reader_.peek().is("add") && at_table_constraint(1)) {
      reader_.next();
      change = TRY(table_key());
    } else if (reader_.accept("drop", "constraint")) {
      change = "tarn_drop_key(" + quoted_string(TRY(reader_.name())) + ")";
      if (!reader_.accept("cascade")) reader_.accept("restrict");
    } else {
      return false;
    }
    edits_.replace(0, reader_.previous_end(), "COMMENT ON TABLE " + table.quoted() + " IS " + quoted_string(change));
    return true;
  }

 private:
  bool at_element_end() const { return reader_.at_end() || reader_.peek().is_op(",") || reader_.peek().is_op(")"); }

  ColumnAttributes& named(const std::string& name) {
    for (ColumnAttributes& column : attributes_.columns)
      if (column.column == name) return column;
    return attributes_.columns.emplace_back(ColumnAttributes{name});
  }

  // Erases from there to what was read last.
  void drop(size_t begin) { edits_.erase(begin, reader_.previous_end()); }

  Status body() {
    const size_t open = reader_.peek().begin;
    TRY(reader_.expect_op("("));
    if (reader_.accept("like")) return like(open);
    do {
      const size_t begin = reader_.peek().begin;
      if (!at_table_constraint()) {
        TRY(column());
      } else {
        const std::string key = TRY(table_key());
        edits_.replace(begin, reader_.previous_end(), key);
      }
    } while (reader_.accept_op(","));
    return reader_.expect_op(")");
  }

  bool at_table_constraint(size_t ahead = 0) const {
    const Token& first = reader_.peek(ahead);
    const Token& next = reader_.peek(ahead + 1);
    return (first.is("primary") && next.is("key")) || (first.is("foreign") && next.is("key")) ||
           (first.is("unique") && next.is_op("(")) || first.is("constraint");
  }

  // AWS: keys are informational, never enforced. The engine takes them as CHECKs, which are no CHECKs of its own:
  // tarn_key(kind, name, number of columns, columns, [schema, table, columns referred to]) (rewrite_create.cc).
  static std::string key_check(std::string_view kind, const std::string& name, const std::vector<std::string>& columns,
                               const QualifiedName* other, const std::vector<std::string>& others) {
    std::string text = "CHECK (tarn_key(" + quoted_string(kind) + ", " + quoted_string(name) + ", " +
                       std::to_string(columns.size());
    for (const std::string& column : columns) text += ", " + quoted_string(lower(column));
    if (other) text += ", " + quoted_string(lower(other->schema)) + ", " + quoted_string(lower(other->name));
    for (const std::string& column : others) text += ", " + quoted_string(lower(column));
    return text + "))";
  }

  Result<std::vector<std::string>> names_in_parentheses() {
    std::vector<std::string> names;
    TRY(reader_.expect_op("("));
    do names.push_back(TRY(reader_.name()));
    while (reader_.accept_op(","));
    TRY(reader_.expect_op(")"));
    return names;
  }

  // [CONSTRAINT name] PRIMARY KEY (..) | UNIQUE (..) | FOREIGN KEY (..) REFERENCES t [(..)]
  Result<std::string> table_key() {
    std::string name;
    if (reader_.accept("constraint")) name = TRY(reader_.name());
    if (reader_.accept("primary", "key")) return key_check("p", name, TRY(names_in_parentheses()), nullptr, {});
    if (reader_.accept("unique")) return key_check("u", name, TRY(names_in_parentheses()), nullptr, {});
    TRY(reader_.expect("foreign", "key"));
    const std::vector<std::string> columns = TRY(names_in_parentheses());
    TRY(reader_.expect("references"));
    const QualifiedName other = TRY(reader_.qualified_name());
    std::vector<std::string> others;
    if (reader_.peek().is_op("(")) others = TRY(names_in_parentheses());
    return key_check("f", name, columns, &other, others);
  }

  // (LIKE t [INCLUDING DEFAULTS])
  Status like(size_t open) {
    const QualifiedName from = TRY(reader_.qualified_name());
    const bool defaults = reader_.accept("including", "defaults");
    if (!defaults) reader_.accept("excluding", "defaults");
    TRY(reader_.expect_op(")"));
    edits_.replace(open, reader_.previous_end(),
                   "AS SELECT * FROM " + from.quoted() + " WHERE 'tarn like' = '" + (defaults ? "defaults" : "") + "'");
    return {};
  }

  Status column_attribute(ColumnAttributes& column) {
    const size_t begin = reader_.peek().begin;
    if (reader_.accept("encode")) {
      column.encode = TRY(reader_.name());
    } else if (reader_.accept("distkey")) {
      column.distkey = true;
      if (attributes_.diststyle.empty()) attributes_.diststyle = "KEY";
    } else if (reader_.accept("sortkey")) {
      column.sortkey = 1;
    } else if (reader_.accept("identity")) {
      TRY(identity(column));
    } else if (reader_.accept("generated", "by", "default", "as", "identity")) {
      TRY(identity(column));
      column.identity_by_default = true;
    } else if (reader_.accept("primary", "key")) {
      edits_.replace(begin, reader_.previous_end(), "NOT NULL " + key_check("p", "", {column.column}, nullptr, {}));
      return {};
    } else if (reader_.accept("unique")) {
      edits_.replace(begin, reader_.previous_end(), key_check("u", "", {column.column}, nullptr, {}));
      return {};
    } else if (reader_.accept("references")) {
      const QualifiedName other = TRY(reader_.qualified_name());
      std::vector<std::string> others;
      if (reader_.peek().is_op("(")) others = TRY(names_in_parentheses());
      edits_.replace(begin, reader_.previous_end(), key_check("f", "", {column.column}, &other, others));
      return {};
    } else if (reader_.accept("collate")) {
      const size_t position = reader_.peek().begin + 1;
      if (TRY(reader_.name()) != "case_sensitive")
        return sql_error(kNotSupported, "COLLATE CASE_INSENSITIVE is not supported yet", position);
    } else if (reader_.accept("not", "null") || reader_.accept("null")) {
      return {};
    } else if (reader_.accept("default")) {
      return default_value();
    } else {
      return reader_.unexpected();
    }
    drop(begin);
    return {};
  }

  // (seed, step)
  Status identity(ColumnAttributes& column) {
    TRY(reader_.expect_op("("));
    const int64_t seed = TRY(reader_.integer());
    TRY(reader_.expect_op(","));
    column.identity = std::pair{seed, TRY(reader_.integer())};
    return reader_.expect_op(")");
  }

  // An expression; ends at the next attribute.
  Status default_value() {
    if (at_element_end()) return reader_.unexpected();
    for (bool first = true; !at_element_end(); first = false) {
      const Token& token = reader_.peek();
      if (!first)
        for (const std::string_view word :
             {"encode", "distkey", "sortkey", "not", "primary", "unique", "references", "collate"})
          if (token.is(word)) return {};
      if (token.is_op("("))
        TRY(reader_.skip_parentheses());
      else
        reader_.next();
    }
    return {};
  }

  Status table_attributes() {
    while (!reader_.at_end() && !reader_.peek().is("as")) {
      const size_t begin = reader_.peek().begin;
      TRY(table_attribute());
      drop(begin);
    }
    return {};
  }

  Status table_attribute() {
    if (reader_.accept("backup")) {
      if (!reader_.accept("yes")) return reader_.expect("no");
    } else if (reader_.accept("diststyle")) {
      const Token& style = reader_.peek();
      if (!style.is("auto") && !style.is("even") && !style.is("key") && !style.is("all")) return reader_.unexpected();
      attributes_.diststyle = upper(reader_.next().text);
    } else if (reader_.accept("distkey")) {
      TRY(reader_.expect_op("("));
      named(TRY(key_column())).distkey = true;
      if (attributes_.diststyle.empty()) attributes_.diststyle = "KEY";
      return reader_.expect_op(")");
    } else if (reader_.peek().is("sortkey") || reader_.peek().is("compound") || reader_.peek().is("interleaved")) {
      return sortkey();
    } else if (reader_.accept("encode")) {
      return reader_.expect("auto");
    } else {
      return reader_.unexpected();
    }
    return {};
  }

  // A name, or the place of one of the query's columns. AWS: CREATE TABLE AS.
  Result<std::string> key_column() {
    if (reader_.peek().kind != TokenKind::kNumber) return reader_.name();
    return "#" + std::to_string(TRY(reader_.integer()));
  }

  Status sortkey() {
    attributes_.interleaved = reader_.accept("interleaved");
    if (!attributes_.interleaved) reader_.accept("compound");
    TRY(reader_.expect("sortkey"));
    if (reader_.accept("auto")) return {};
    TRY(reader_.expect_op("("));
    int position = 1;
    do named(TRY(key_column())).sortkey = position++;
    while (reader_.accept_op(","));
    return reader_.expect_op(")");
  }

  Reader& reader_;
  Edits& edits_;
  TableAttributes& attributes_;
};

}  // namespace

Status edit_create_table(Reader& reader, Edits& edits, TableAttributes& attributes) {
  return CreateTable(reader, edits, attributes).run();
}

Status edit_alter_table(Reader& reader, Edits& edits, TableAttributes& attributes) {
  const QualifiedName table = TRY(reader.qualified_name());
  CreateTable columns(reader, edits, attributes);
  if (TRY(columns.key_change(table))) return {};
  if (reader.accept("add")) {
    reader.accept("column");
    return columns.column();
  }
  if (reader.accept("alter")) {
    reader.accept("column");
    TRY(reader.name());
    if (reader.accept("type")) return columns.edit_type();
  }
  return {};
}

}  // namespace tarn::sql
