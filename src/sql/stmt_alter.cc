// ALTER TABLE of columns and of how rows lie.
#include "base/text.h"
#include "sql/sql_error.h"
#include "sql/stmt_redshift.h"

namespace tarn::sql {
namespace {

constexpr int kBareVarchar = 256;  // bytes of a column that is VARCHAR alone

// DISTSTYLE ALL | EVEN | AUTO | KEY DISTKEY c, DISTKEY c, [COMPOUND] SORTKEY (..) | AUTO | NONE, ENCODE AUTO [, ALTER ..]
Result<Statement> alter_design(Reader& reader, QualifiedName table) {
  AlterDesign design{.table = std::move(table), .diststyle = {}, .distkey = {}, .sortkey = {}};
  for (bool first = true; first || reader.accept_op(","); first = false) {
    if (!first) TRY(reader.expect("alter"));
    if (reader.accept("diststyle")) {
      const std::string style = upper(TRY(reader.name()));
      if (style != "ALL" && style != "EVEN" && style != "AUTO" && style != "KEY") return reader.unexpected();
      design.diststyle = style;
      if (style != "KEY") continue;
      TRY(reader.expect("distkey"));
      design.distkey = TRY(reader.name());
    } else if (reader.accept("distkey")) {
      design.diststyle = "KEY";
      design.distkey = TRY(reader.name());
    } else if (reader.accept("encode")) {
      TRY(reader.expect("auto"));
    } else {
      reader.accept("compound");
      TRY(reader.expect("sortkey"));
      if (reader.accept("auto")) continue;
      design.sortkey.emplace();
      if (reader.accept("none")) continue;
      TRY(reader.expect_op("("));
      do design.sortkey->push_back(TRY(reader.name()));
      while (reader.accept_op(","));
      TRY(reader.expect_op(")"));
    }
  }
  TRY(reader.expect_end());
  return design;
}

// ALTER [COLUMN] c TYPE .. | ALTER COLUMN c ENCODE e [, ALTER COLUMN ..], behind ALTER. nullopt, and nothing read: another ALTER.
Result<std::optional<Statement>> column_change(Reader& reader, const QualifiedName& table) {
  const size_t at = reader.index();
  EncodeColumns encode{.table = table, .encodings = {}};
  do {
    if (!encode.encodings.empty()) TRY(reader.expect("alter"));
    reader.accept("column");
    if (reader.peek().kind != TokenKind::kWord && !reader.peek().is_name()) break;
    const std::string column = TRY(reader.name());
    if (encode.encodings.empty() && reader.accept("type")) {
      ChangeColumn change{.table = table, .column = column, .kind = ChangeColumn::Kind::kType};
      const SqlType type = TRY(parse_type(reader));
      change.length = type.name == "varchar" ? type.length.value_or(kBareVarchar) : 0;
      change.to = shown_type(type);
      TRY(reader.expect_end());
      return Statement(std::move(change));
    }
    if (!reader.accept("encode")) break;
    encode.encodings.emplace_back(column, TRY(reader.name()));
  } while (reader.accept_op(","));
  if (!encode.encodings.empty()) {
    TRY(reader.expect_end());
    return Statement(std::move(encode));
  }
  reader.seek(at);
  return std::nullopt;
}

}  // namespace

Result<Statement> parse_alter_columns(Reader& reader, QualifiedName table, size_t position) {
  if (reader.accept("alter")) {
    if (auto change = TRY(column_change(reader, table))) return std::move(*change);
    if (reader.accept("autorefresh")) {
      TRY(reader.expect_op("="));
      AlterMaterializedView view{.name = std::move(table), .auto_refresh = reader.accept("true")};
      if (!view.auto_refresh) TRY(reader.expect("false"));
      TRY(reader.expect_end());
      return view;
    }
    const bool physical = reader.peek().is("diststyle") || reader.peek().is("distkey") || reader.peek().is("sortkey") ||
                          reader.peek().is("compound") || reader.peek().is("encode");
    if (physical) return alter_design(reader, std::move(table));
  }
  if (reader.accept("row", "level", "security"))
    return sql_error(kNotSupported, "ALTER TABLE .. ROW LEVEL SECURITY is not supported yet", position);
  if (reader.accept("drop")) {
    reader.accept("column");
    ChangeColumn drop{.table = std::move(table), .column = TRY(reader.name())};
    drop.cascade = reader.accept("cascade");
    if (!drop.cascade) reader.accept("restrict");
    TRY(reader.expect_end());
    return drop;
  }
  if (reader.accept("rename")) {
    reader.accept("column");
    ChangeColumn rename{.table = std::move(table), .column = TRY(reader.name()), .kind = ChangeColumn::Kind::kRename};
    TRY(reader.expect("to"));
    rename.to = TRY(reader.name());
    TRY(reader.expect_end());
    return rename;
  }
  return EngineStatement{};
}

}  // namespace tarn::sql
