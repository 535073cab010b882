// ALTER TABLE: names and columns with the views that read them, how rows lie, rows moved to another table.
#include <algorithm>

#include "base/text.h"
#include "sql/session.h"
#include "sql/session_words.h"
#include "sql/sql_error.h"

namespace tarn::sql {

Result<Outcome> SqlSession::execute(Running& run, const AddNotNullColumn& s) {
  TRY(atomically(run, [&]() -> Status {
    TRY(run_text(run, s.statement));
    TRY(run_text(run, "ALTER TABLE " + s.table.quoted() + " ALTER COLUMN " + quoted_name(s.column) + " SET NOT NULL"));
    return {};
  }));
  return done("ALTER TABLE");
}

// The views that read something by its old name read it by its new one. `views`: a table function's call (view_reads.cc).
Status SqlSession::follow(Running& run, const std::string& views) {
  for (const auto& row : TRY(internal(run, "SELECT text FROM system.redshift." + views)))
    TRY(internal(run, row[0].value_or(""), true));
  return {};
}

// AWS: ALTER TABLE, ALTER COLUMN .. TYPE: the size of a VARCHAR column, of some.
Status SqlSession::check_new_type(Running& run, const ChangeColumn& s, const std::optional<Object>& table) {
  const std::string column = "cannot alter column \"" + s.column + "\" of relation \"" + s.table.name + "\"";
  TRY(refuse_in_block("ALTER TABLE ALTER COLUMN"));
  if (s.length == 0)
    return sql_error(kNotSupported, column + " to type " + s.to + ": only the size of a VARCHAR column can be changed");
  if (!table) return {};
  const auto rows = TRY(internal(run, "SELECT data_type, coalesce(comment, ''), coalesce(column_default, '') FROM duckdb_columns()" +
                                          where_table(*table) + " AND column_name = " + quoted_string(s.column)));
  if (rows.empty()) return {};  // the engine says so
  const std::string comment = rows[0][1].value_or("");
  const auto parts = split(comment, '|');
  const std::string_view encoding = parts.size() > 3 ? parts[3] : "";
  if (rows[0][0] != "VARCHAR" || comment.starts_with("character("))
    return sql_error(kNotSupported, column + ": only the size of a VARCHAR column can be changed");
  if (parts[0] == "character varying(" + std::to_string(s.length) + ")")
    return sql_error(kNotSupported, column + ", target column size should be different");
  if (rows[0][2] != "") return sql_error(kNotSupported, column + ": it has a default value");
  for (const std::string_view fixed : {"bytedict", "runlength", "text255", "text32k"})
    if (encoding == fixed) return sql_error(kNotSupported, column + ": its encoding is " + upper(fixed));
  const auto keys = TRY(query(run, "SELECT 1 FROM tarn_keys WHERE schema_name = " + quoted_string(table->schema) +
                                       " AND table_name = " + quoted_string(table->name) +
                                       " AND column_name = " + quoted_string(s.column)));
  if (!keys.empty()) return sql_error(kNotSupported, column + ": it is part of a key");
  return {};
}

Result<Outcome> SqlSession::execute(Running& run, const ChangeColumn& s) {
  const auto found = TRY(find_relation(run, s.table));
  if (s.kind == ChangeColumn::Kind::kType) TRY(check_new_type(run, s, found));
  if (!found) return engine(run);  // a temporary one, or none
  const std::string column =
      "(" + quoted_string(found->schema) + ", " + quoted_string(found->name) + ", " + quoted_string(s.column);
  Outcome outcome;
  TRY(atomically(run, [&]() -> Status {
    if (s.kind == ChangeColumn::Kind::kRename) {
      const auto text = "view_follows_column" + column + ", " + quoted_string(s.to) + ")";
      const auto rows =
          TRY(internal(run, "SELECT text FROM system.redshift." + text));  // while the column has its name
      outcome = TRY(engine(run));
      for (const auto& row : rows) TRY(internal(run, row[0].value_or(""), true));
      return {};
    }
    const auto readers =
        TRY(internal(run, "SELECT DISTINCT view_schema, view_name FROM system.redshift.column_reads" + column + ")"));
    if (!readers.empty() && s.kind == ChangeColumn::Kind::kType)
      return sql_error(kNotSupported,
                       "cannot alter type of a column used by a view or rule\n  Detail: rule _RETURN on view " +
                           readers[0][1].value_or("") + " depends on column \"" + s.column + "\"");
    if (!readers.empty() && !s.cascade)
      return sql_error("2BP01",
                       "cannot drop table " + found->name + " column " + s.column +
                           " because other objects depend on it\n  Hint: Use DROP ... CASCADE to drop the dependent "
                           "objects too.");
    if (s.length > 0) {
      const auto longest =
          TRY(internal(run, "SELECT max(strlen(" + quoted_name(s.column) + "::VARCHAR)) FROM " + quoted(*found)));
      if (parse_int(longest[0][0].value_or("0")).value_or(0) > s.length)
        return sql_error(kInvalidParameter, "cannot alter column \"" + s.column + "\" of relation \"" + found->name +
                                                "\": its new size is smaller than a value that it holds");
    }
    outcome = TRY(engine(run));
    for (const auto& row : readers) {
      const Object view{"TABLE", row[0].value_or(""), row[1].value_or("")};
      TRY(drop_view(run, view));
      TRY(drop_readers(run, view, {}, true, "view"));
    }
    return {};
  }));
  return outcome;
}

Status SqlSession::change_columns(Running& run, const Object& table,
                                  const std::function<void(const std::string&, std::vector<std::string>&)>& change) {
  constexpr size_t kParts = 6;  // type, identity, default, encoding, distkey, place in the sort key
  const auto rows = TRY(internal(run, "SELECT column_name, comment FROM duckdb_columns()" + where_table(table)));
  for (const auto& row : rows) {
    const std::string column = row[0].value_or(""), comment = row[1].value_or("");
    std::vector<std::string> parts;
    for (const auto part : split(comment, '|')) parts.emplace_back(part);
    parts.resize(kParts);
    change(column, parts);
    std::string text = parts[0];
    for (size_t i = 1; i < kParts; ++i) text += "|" + parts[i];
    TRY(internal(run, "COMMENT ON COLUMN " + quoted(table) + "." + quoted_name(column) + " IS " + quoted_string(text),
                 true));
  }
  return {};
}

namespace {

Failure no_column(const std::string& column, const Object& table) {
  return sql_error("42703", "column \"" + column + "\" of relation \"" + table.name + "\" does not exist");
}

}  // namespace

Result<Outcome> SqlSession::execute(Running& run, const EncodeColumns& s) {
  const auto found = TRY(find_relation(run, s.table));
  if (!found) return done("ALTER TABLE");  // temporary tables have no encodings here
  TRY(need(run, *found, "ALTER"));
  TRY(atomically(run, [&]() -> Status {
    std::vector<std::string> seen;
    TRY(change_columns(run, *found, [&](const std::string& column, std::vector<std::string>& parts) {
      for (const auto& [name, encoding] : s.encodings)
        if (name == column) parts[3] = lower(encoding);
      seen.push_back(column);
    }));
    for (const auto& [name, encoding] : s.encodings)
      if (std::ranges::find(seen, name) == seen.end()) return no_column(name, *found);
    return {};
  }));
  return done("ALTER TABLE");
}

Result<Outcome> SqlSession::execute(Running& run, const AlterDesign& s) {
  const auto found = TRY(find_relation(run, s.table));
  if (!found) return done("ALTER TABLE");
  TRY(need(run, *found, "ALTER"));
  TRY(atomically(run, [&]() -> Status {
    std::vector<std::string> wanted = s.sortkey.value_or(std::vector<std::string>());
    if (!s.distkey.empty()) wanted.push_back(s.distkey);
    TRY(change_columns(run, *found, [&](const std::string& column, std::vector<std::string>& parts) {
      if (s.diststyle) parts[4] = column == s.distkey ? "distkey" : "";
      const auto place = s.sortkey ? std::ranges::find(*s.sortkey, column) - s.sortkey->begin() : 0;
      if (s.sortkey) parts[5] = place < std::ssize(*s.sortkey) ? std::to_string(place + 1) : "";
      std::erase(wanted, column);
    }));
    if (!wanted.empty()) return no_column(wanted.front(), *found);
    if (!s.diststyle) return {};
    const auto rows = TRY(internal(run, "SELECT comment FROM duckdb_tables()" + where_table(*found)));
    const std::string comment = rows.empty() ? "" : rows[0][0].value_or("");
    const auto parts = split(comment, '|');  // owner|diststyle|interleaved|created|keys
    std::string text;
    for (size_t i = 0; i < std::max<size_t>(parts.size(), 2); ++i)
      text += (i > 0 ? "|" : "") + (i == 1 ? *s.diststyle : i < parts.size() ? std::string(parts[i]) : "");
    TRY(internal(run, "COMMENT ON TABLE " + quoted(*found) + " IS " + quoted_string(text), true));
    return {};
  }));
  return done("ALTER TABLE");
}

// Names are the engine's, with all that hangs on them, but for those of late-binding views, which it does not know.
Result<Outcome> SqlSession::execute(Running& run, const RenameRelation& s) {
  const auto found = TRY(find_relation(run, s.name));
  const std::string is = found ? TRY(kept_view(run, *found)) : "";
  const auto readers_follow = [&] {
    return follow(run, "view_follows(" + quoted_string(found->schema) + ", " + quoted_string(found->name) + ", " +
                           quoted_string(s.to) + ")");
  };
  if (is.empty() && !found) return engine(run);
  if (is.empty()) {
    Outcome outcome;
    TRY(atomically(run, [&]() -> Status {
      outcome = TRY(engine(run));
      return readers_follow();
    }));
    return outcome;
  }
  TRY(need_owner(run, *found));
  if (TRY(find_relation(run, {{}, found->schema, s.to, 0})))
    return sql_error(kDuplicateTable, "relation \"" + s.to + "\" already exists", s.name.position);
  TRY(atomically(run, [&]() -> Status {
    if (is == "LATE") {
      const std::string name = " SET name = " + quoted_string(s.to);
      const std::string where = " WHERE kind = 'TABLE' AND schema_name = " + quoted_string(found->schema) +
                                " AND name = " + quoted_string(found->name);
      for (const std::string_view table : {"owners", "grants", "comments"})
        TRY(internal(run, "UPDATE " + kept(table) + name + where));
      TRY(internal(run, "UPDATE " + kept("views") + name + where_named(*found)));
      return {};
    }
    const char* kind = is == "VIEW" ? "ALTER VIEW " : "ALTER TABLE ";
    TRY(engine(run, kind + quoted(*found) + " RENAME TO " + quoted_name(s.to), {}, -1));
    if (is == "MATERIALIZED")
      TRY(internal(run, "ALTER VIEW " +
                            quoted({"TABLE", std::string(kRightsSchema), query_view(found->schema, found->name)}) +
                            " RENAME TO " + quoted_name(query_view(found->schema, s.to))));
    return readers_follow();
  }));
  return done("ALTER TABLE");
}

// The rows of one table to another, which has columns of the same names. AWS: not in a transaction block.
Result<Outcome> SqlSession::execute(Running& run, const AppendTable& s) {
  TRY(refuse_in_block("ALTER TABLE APPEND"));
  const Object target = TRY(relation(run, s.target)), source = TRY(relation(run, s.source));
  TRY(need_owner(run, target));
  TRY(need_owner(run, source));
  const auto columns = [&](const Object& table) {
    return internal(run, "SELECT column_name, data_type FROM duckdb_columns()" + where_table(table) + " ORDER BY column_index");
  };
  const auto into = TRY(columns(target)), from = TRY(columns(source));
  std::string list;
  for (const auto& column : from) {
    const auto same = std::ranges::find(into, column[0], [](const auto& each) { return each[0]; });
    if (same == into.end() && s.ignore_extra) continue;
    if (same == into.end())
      return sql_error("42703", "ALTER TABLE APPEND: column \"" + *column[0] + "\" of " + source.name +
                                    " is not in the target table: use IGNOREEXTRA");
    if ((*same)[1] != column[1])
      return sql_error("42804",
                       "ALTER TABLE APPEND: column \"" + *column[0] + "\" has different types in the two tables");
    list += (list.empty() ? "" : ", ") + quoted_name(*column[0]);
  }
  for (const auto& column : into)
    if (!s.fill_target && std::ranges::find(from, column[0], [](const auto& each) { return each[0]; }) == from.end())
      return sql_error("42703", "ALTER TABLE APPEND: column \"" + *column[0] + "\" of " + target.name +
                                    " is not in the source table: use FILLTARGET");
  TRY(atomically(run, [&]() -> Status {
    TRY(internal(run,
                 "INSERT INTO " + quoted(target) + " (" + list + ") SELECT " + list + " FROM " + quoted(source) +
                     "; DELETE FROM " + quoted(source),
                 true));
    TRY(changed(run, target));
    return changed(run, source);
  }));
  return done("ALTER TABLE APPEND");
}

}  // namespace tarn::sql
