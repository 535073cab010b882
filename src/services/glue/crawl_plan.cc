#include "services/glue/crawl_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/text.h"

namespace tarn::glue {
namespace {

using lake::FileSchema;

// AWS: schemas of one table are the same for more than 70 percent.
constexpr double kSimilar = 0.7;

struct Node {
  std::map<std::string, Node> folders;
  std::vector<const CrawledFile*> files;
};

// A subtree that is one table: its files lie `depth` folders below.
struct Whole {
  FileSchema schema;
  int depth = 0;
};

struct Level {
  std::optional<std::string> key;  // of folders "key=value"
  bool mixed = false;
};

void count(FileStatistics& to, const CrawledFile& file) {
  const FileSchema& schema = *file.schema;
  ++to.objects;
  to.bytes += file.size;
  uint64_t records = schema.records;
  // Of a text that was only begun: as many as fit, by the size of those that were read.
  if (!schema.exact && schema.records > 0 && schema.record_bytes > 0)
    records = std::max(schema.records, file.size * schema.records / schema.record_bytes);
  to.records += records;
  if (to.records > 0) to.average_record = std::max<uint64_t>(1, to.bytes / to.records);
}

void add(FileStatistics& to, const FileStatistics& more) {
  to.objects += more.objects;
  to.bytes += more.bytes;
  to.records += more.records;
  if (to.records > 0) to.average_record = std::max<uint64_t>(1, to.bytes / to.records);
}

class Planner {
 public:
  explicit Planner(const PlanOptions& options) : options_(options) {}

  Plan run(const std::vector<CrawledFile>& files) {
    Node root;
    for (const CrawledFile& file : files)
      if (file.schema->classification != "UNKNOWN") insert(root, file);
    if (!options_.root.empty() && !options_.root.ends_with('/')) {
      for (const CrawledFile* file : root.files) emit_file(*file);
    } else if (options_.table_level > 0) {
      at_level(root, options_.root, 1 + static_cast<int>(std::ranges::count(options_.root, '/')));
    } else if (const auto whole = fold(root, options_.root)) {
      emit(root, options_.root, *whole);
    }
    return std::move(plan_);
  }

 private:
  void insert(Node& root, const CrawledFile& file) {
    Node* node = &root;
    std::string_view rest = std::string_view(file.key).substr(std::min(options_.root.size(), file.key.size()));
    for (size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
      node = &node->folders[std::string(rest.substr(0, slash))];
      rest.remove_prefix(slash + 1);
    }
    node->files.push_back(&file);
  }

  bool similar(const FileSchema& a, const FileSchema& b) const {
    return a.compatible(b) && (options_.combine_compatible || lake::similarity(a, b) >= kSimilar);
  }

  static void merge(FileSchema& into, const FileSchema& more) {
    into.columns = lake::merged(into.columns, more.columns);
    if (into.quote == 0) into.quote = more.quote;
  }

  // The subtree as one table; nullopt: it is not, and what is in it has been made tables of their own.
  std::optional<Whole> fold(const Node& node, const std::string& path) {
    auto own = files_as_one(node, path);
    std::vector<std::pair<std::string, Whole>> folders;
    bool all_whole = true;
    for (const auto& [name, folder] : node.folders) {
      if (auto whole = fold(folder, path + name + "/"))
        folders.emplace_back(name, std::move(*whole));
      else
        all_whole = false;
    }
    if (node.folders.empty()) return own;
    if (own || !node.files.empty()) {  // files beside folders: the folders are no partitions
      if (own) emit_files(node, path, *own);
      for (const auto& [name, whole] : folders) emit(node.folders.at(name), path + name + "/", whole);
      return std::nullopt;
    }
    return all_whole ? folders_as_one(node, path, folders) : each_for_itself(node, path, folders);
  }

  std::optional<Whole> each_for_itself(const Node& node, const std::string& path,
                                       const std::vector<std::pair<std::string, Whole>>& folders) {
    for (const auto& [name, whole] : folders) emit(node.folders.at(name), path + name + "/", whole);
    return std::nullopt;
  }

  // Partitions of one table, if most of them are alike; the others become tables of their own.
  std::optional<Whole> folders_as_one(const Node& node, const std::string& path,
                                      const std::vector<std::pair<std::string, Whole>>& folders) {
    std::vector<std::vector<size_t>> kinds;
    for (size_t i = 0; i < folders.size(); ++i) {
      const auto kind = std::ranges::find_if(kinds, [&](const auto& each) {
        const Whole& first = folders[each[0]].second;
        return first.depth == folders[i].second.depth && similar(first.schema, folders[i].second.schema);
      });
      if (kind == kinds.end())
        kinds.push_back({i});
      else
        kind->push_back(i);
    }
    const auto most = std::ranges::max_element(kinds, {}, [](const auto& kind) { return kind.size(); });
    if (static_cast<double>(most->size()) <= kSimilar * static_cast<double>(folders.size()))
      return each_for_itself(node, path, folders);
    Whole whole = folders[(*most)[0]].second;
    for (const size_t i : *most) merge(whole.schema, folders[i].second.schema);
    ++whole.depth;
    for (const auto& kind : kinds)
      if (&kind != &*most)
        for (const size_t i : kind) {
          const std::string& name = folders[i].first;
          emit(node.folders.at(name), path + name + "/", folders[i].second);
          emitted_.insert({&node.folders.at(name), true});
        }
    return whole;
  }

  // A folder's own files as one; nullopt: there are none, or each has become a table.
  std::optional<Whole> files_as_one(const Node& node, const std::string&) {
    if (node.files.empty()) return std::nullopt;
    Whole whole{*node.files[0]->schema};
    for (const CrawledFile* file : node.files)
      if (file->schema != node.files[0]->schema) {
        if (!similar(whole.schema, *file->schema)) {
          for (const CrawledFile* each : node.files) emit_file(*each);
          return std::nullopt;
        }
        merge(whole.schema, *file->schema);
      }
    return whole;
  }

  // --- tables at a level that is said ------------------------------------------------------------------------------------

  void at_level(const Node& node, const std::string& path, int level) {
    if (level >= options_.table_level) {
      emit_all_below(node, path);
      return;
    }
    for (const CrawledFile* file : node.files)
      plan_.remarks.push_back(fmt::format("s3://{}/{} lies above the table level {} and is in no table.",
                                          options_.bucket, file->key, options_.table_level));
    for (const auto& [name, folder] : node.folders) at_level(folder, path + name + "/", level + 1);
  }

  void emit_all_below(const Node& node, const std::string& path) {
    std::optional<Whole> whole;
    collect(node, 0, whole);
    if (whole) emit(node, path, *whole);
  }

  void collect(const Node& node, int depth, std::optional<Whole>& whole) {
    for (const CrawledFile* file : node.files) {
      if (!whole) whole = Whole{*file->schema, depth};
      if (!whole->schema.compatible(*file->schema)) {
        plan_.remarks.push_back(fmt::format("s3://{}/{} is {}, unlike the table's other files.", options_.bucket,
                                            file->key, file->schema->classification));
        continue;
      }
      merge(whole->schema, *file->schema);
    }
    for (const auto& [name, folder] : node.folders) collect(folder, depth + 1, whole);
  }

  // --- making them -------------------------------------------------------------------------------------------------------

  std::string location(const std::string& path) const { return fmt::format("s3://{}/{}", options_.bucket, path); }

  void emit_file(const CrawledFile& file) {
    PlannedTable table{.name = table_name_of(file.key.substr(file.key.rfind('/') + 1)), .location = location(file.key)};
    table.schema = *file.schema;
    count(table.statistics, file);
    plan_.tables.push_back(std::move(table));
  }

  PlannedTable begin(const std::string& path, const Whole& whole) const {
    PlannedTable table{.name = table_name_of(folder_name(path)), .location = location(path)};
    table.schema = whole.schema;
    return table;
  }

  void emit_files(const Node& node, const std::string& path, const Whole& whole) {
    PlannedTable table = begin(path, whole);
    for (const CrawledFile* file : node.files) count(table.statistics, *file);
    plan_.tables.push_back(std::move(table));
  }

  void emit(const Node& node, const std::string& path, const Whole& whole) {
    PlannedTable table = begin(path, whole);
    std::vector<Level> levels(static_cast<size_t>(whole.depth));
    name_levels(node, 0, levels);
    for (size_t i = 0; i < levels.size(); ++i) table.keys.push_back(key_name(levels[i], i, table.schema));
    std::vector<std::string> values;
    partitions(node, path, levels, values, table);
    plan_.tables.push_back(std::move(table));
  }

  std::string folder_name(const std::string& path) const {
    if (path.empty()) return options_.bucket;
    const size_t end = path.size() - (path.ends_with('/') ? 1 : 0), slash = path.rfind('/', end - 1);
    return path.substr(slash == std::string::npos ? 0 : slash + 1, end - (slash == std::string::npos ? 0 : slash + 1));
  }

  void name_levels(const Node& node, size_t depth, std::vector<Level>& levels) const {
    if (depth == levels.size()) return;
    for (const auto& [name, folder] : node.folders) {
      if (emitted_.contains(&folder)) continue;
      const size_t equals = name.find('=');
      Level& level = levels[depth];
      if (equals == std::string::npos || equals == 0 || (level.key && *level.key != name.substr(0, equals)))
        level.mixed = true;
      else
        level.key = name.substr(0, equals);
      name_levels(folder, depth + 1, levels);
    }
  }

  // ASSUMED: a key that the files have as a column gets a name of its own: a table has no column twice.
  static std::string key_name(const Level& level, size_t index, const FileSchema& schema) {
    const std::string name = level.key && !level.mixed ? lower(*level.key) : "";
    const bool taken = std::ranges::find(schema.columns, name, &lake::FileColumn::name) != schema.columns.end();
    return name.empty() || taken ? fmt::format("partition_{}", index) : name;
  }

  void partitions(const Node& node, const std::string& path, const std::vector<Level>& levels,
                  std::vector<std::string>& values, PlannedTable& table) {
    if (values.size() == levels.size()) {
      PlannedPartition partition{.values = values, .location = location(path)};
      for (const CrawledFile* file : node.files) {
        if (!table.schema.compatible(*file->schema)) continue;
        partition.columns = lake::merged(partition.columns, file->schema->columns);
        count(partition.statistics, *file);
      }
      if (partition.statistics.objects == 0) return;
      add(table.statistics, partition.statistics);
      if (!levels.empty()) table.partitions.push_back(std::move(partition));
      return;
    }
    if (!node.files.empty())
      plan_.remarks.push_back(
          fmt::format("Files directly in {} are in none of the table's partitions.", location(path)));
    const Level& level = levels[values.size()];
    for (const auto& [name, folder] : node.folders) {
      if (emitted_.contains(&folder)) continue;
      const size_t equals = name.find('=');
      values.push_back(level.key && !level.mixed ? name.substr(equals + 1) : name);
      partitions(folder, path + name + "/", levels, values, table);
      values.pop_back();
    }
  }

  const PlanOptions& options_;
  Plan plan_;
  std::map<const Node*, bool> emitted_;  // folders that are tables of their own beside the partitions
};

// --- globs -----------------------------------------------------------------------------------------------------------

bool in_set(std::string_view set, char c) {
  const bool negated = set.starts_with('!');
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (size_t i = 0; i < set.size(); ++i) {
    if (i + 2 < set.size() && set[i + 1] == '-') {
      found = found || (set[i] <= c && c <= set[i + 2]);
      i += 2;
    } else {
      found = found || set[i] == c;
    }
  }
  return found != negated;
}

// `steps` bounds the work: a pattern of many stars is not worth more.
bool glob(std::string_view pattern, std::string_view path, int& steps) {
  while (!pattern.empty()) {
    if (--steps < 0) return false;
    const char c = pattern[0];
    if (c == '*') {
      const bool across = pattern.starts_with("**");
      pattern.remove_prefix(across ? 2 : 1);
      for (size_t i = 0;; ++i) {
        if (glob(pattern, path.substr(i), steps)) return true;
        if (i == path.size() || (!across && path[i] == '/')) return false;
      }
    }
    if (c == '{') {
      const size_t close = pattern.find('}');
      if (close == std::string_view::npos) return false;
      for (const std::string_view choice : split(pattern.substr(1, close - 1), ','))
        if (glob(std::string(choice) + std::string(pattern.substr(close + 1)), path, steps)) return true;
      return false;
    }
    if (path.empty()) return false;
    if (c == '[') {
      const size_t close = pattern.find(']', 2);
      if (close == std::string_view::npos || path[0] == '/' || !in_set(pattern.substr(1, close - 1), path[0]))
        return false;
      pattern.remove_prefix(close + 1);
    } else if (c == '?') {
      if (path[0] == '/') return false;
      pattern.remove_prefix(1);
    } else {
      if (c == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
      if (pattern[0] != path[0]) return false;
      pattern.remove_prefix(1);
    }
    path.remove_prefix(1);
  }
  return path.empty();
}

}  // namespace

std::string table_name_of(std::string_view text) {
  std::string name = lower(text);
  for (char& c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || static_cast<unsigned char>(c) >= 0x80))
      c = '_';
  return name;
}

bool glob_matches(std::string_view pattern, std::string_view path) {
  int steps = 100'000;
  return glob(pattern, path, steps);
}

Plan plan_tables(const std::vector<CrawledFile>& files, const PlanOptions& options) {
  return Planner(options).run(files);
}

}  // namespace tarn::glue
