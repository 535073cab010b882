#include "blob/backup.h"

#include <fmt/format.h>

#include <set>

#include "os/file.h"

namespace tarn {
namespace {

std::string in(const std::string& directory, const std::string& name) {
  return directory + "/" + name;
}

// Holds the data directory's own files that are neither the store's nor blobs: keys and settings of the server.
bool is_plain_file(const std::string& directory, const std::string& name) {
  return name != "lock" && name != "format" && name != "synced" && !name.ends_with(".new") &&
         !is_directory(in(directory, name));
}

Status copy_plain_files(const std::string& from, const std::string& to) {
  const std::vector<std::string> names = TRY(list_directory(from));
  for (const std::string& name : names)
    if (is_plain_file(from, name)) TRY(copy_file(in(from, name), in(to, name)));
  return {};
}

Status sync_blob_directories(const std::string& directory) {
  const std::string blobs = directory + "/blobs";
  const std::vector<std::string> names = TRY(list_directory(blobs));
  for (const std::string& name : names)
    if (!TRY(list_directory(in(blobs, name))).empty()) TRY(sync_directory(in(blobs, name)));
  return sync_directory(blobs);
}

// Links the files of all blobs that the copied store knows of.
Status link_blobs(const std::string& from, const std::string& to) {
  const auto store = TRY(Store::open(to));
  const auto blobs = TRY(Blobs::open(*store));
  TRY(blobs->each(*store->read(), [&](const Blobs::Known& known) -> Status {
    const std::string file = Blobs::file_of(known.blob);
    return file.empty() ? Status() : link_or_copy(from + "/" + file, to + "/" + file);
  }));
  return sync_blob_directories(to);
}

Status must_be_new(const std::string& directory) {
  if (!file_exists(directory)) return {};
  if (is_directory(directory) && TRY(list_directory(directory)).empty()) return {};
  return fail(409, "DirectoryExists",
              fmt::format("{} is there already and not empty. Name a new directory.", directory));
}

// Fills a directory under another name first, so that one cut short is never taken for a whole one.
Status make_whole(const std::string& to, const std::function<Status(const std::string& partial)>& fill) {
  TRY(must_be_new(to));
  const std::string partial = to + ".partial";
  TRY(remove_tree(partial));
  TRY(make_directories(partial));
  Status done = fill(partial);
  if (done) done = sync_directory(partial);
  if (done) done = rename_file(partial, to);
  if (!done) {
    (void)remove_tree(partial);
    return done;
  }
  return sync_directory(to + "/..");
}

Status copy_store(const std::string& from, const std::string& to) {
  TRY(make_directories(to));
  const std::vector<std::string> names = TRY(list_directory(from));
  for (const std::string& name : names) {
    if (name == "LOCK") continue;
    // Tables never change once they are written; the other files do.
    const bool immutable = name.ends_with(".sst");
    TRY((immutable ? link_or_copy : copy_file)(in(from, name), in(to, name)));
  }
  return sync_directory(to);
}

Status copy_blobs(const std::string& from, const std::string& to) {
  const std::vector<std::string> directories = TRY(list_directory(from));
  for (const std::string& directory : directories) {
    const std::string source = in(from, directory), target = in(to, directory);
    TRY(make_directories(target));
    const std::vector<std::string> files = TRY(list_directory(source));
    for (const std::string& file : files) TRY(link_or_copy(in(source, file), in(target, file)));
  }
  return {};
}

// Copies what a folder holds, on the disk when this is over.
Status copy_folder(const std::string& from, const std::string& to) {
  TRY(make_directories(to));
  const std::vector<std::string> names = TRY(list_directory(from));
  for (const std::string& name : names) {
    if (is_directory(in(from, name))) {
      TRY(copy_folder(in(from, name), in(to, name)));
      continue;
    }
    TRY(copy_file(in(from, name), in(to, name)));
    const Fd file = TRY(open_file(in(to, name), OpenMode::kReadWrite));
    TRY(sync_file(file.get(), in(to, name)));
  }
  return sync_directory(to);
}

Status copy_other_folders(const std::string& from, const std::string& to) {
  const std::vector<std::string> names = TRY(list_directory(from));
  for (const std::string& name : names)
    if (is_directory(in(from, name)) && name != "store" && name != "blobs")
      TRY(copy_folder(in(from, name), in(to, name)));
  return {};
}

}  // namespace

Status backup(Store& store, Blobs& blobs, const std::string& to,
              const std::function<Status(const std::string& partial)>& also) {
  return make_whole(to, [&](const std::string& partial) -> Status {
    const std::shared_ptr<void> kept =
        blobs.keep_all();  // before the checkpoint: all that it knows stays until it is linked
    TRY(store.checkpoint(partial));
    TRY(link_blobs(store.directory(), partial));
    TRY(copy_plain_files(store.directory(), partial));
    if (also) TRY(also(partial));
    TRY(remove_file(partial + "/synced"));
    return remove_file(partial + "/lock");
  });
}

Status restore(const std::string& from, const std::string& to) {
  if (!file_exists(from + "/format"))
    return fail(404, "NoSuchBackup",
                fmt::format("{} is no backup of a data directory: it has no file `format`.", from));
  return make_whole(to, [&](const std::string& partial) -> Status {
    TRY(copy_store(from + "/store", partial + "/store"));
    TRY(copy_blobs(from + "/blobs", partial + "/blobs"));
    TRY(sync_blob_directories(partial));
    TRY(copy_plain_files(from, partial));
    TRY(copy_other_folders(from, partial));
    return copy_file(from + "/format", partial + "/format");
  });
}

// --- check ----------------------------------------------------------------------------------------------------------

namespace {

using Counted = std::map<BlobId, std::pair<uint64_t, uint64_t>>;  // references, and the end of the furthest segment

// Compares what the services' records refer to with the blobs' own counts.
Status check_blobs(Blobs& blobs, Transaction& tx, const Counted* counted, CheckReport& report) {
  std::set<BlobId> known_blobs;
  TRY(blobs.each(tx, [&](const Blobs::Known& known) -> Status {
    known_blobs.insert(known.blob);
    ++report.blobs;
    report.blob_bytes += known.size;
    if (const Status whole = blobs.verify(tx, known); !whole) report.faults.push_back(whole.error().message);
    if (!counted) return {};
    const auto found = counted->find(known.blob);
    const uint64_t references = found == counted->end() ? 0 : found->second.first;
    if (references != known.references)
      report.faults.push_back(
          fmt::format("The blob {:x} counts {} references and has {}.", known.blob, known.references, references));
    if (found != counted->end() && found->second.second > known.size)
      report.faults.push_back(fmt::format("The blob {:x} has {} bytes, and a record refers to {}.", known.blob,
                                          known.size, found->second.second));
    return {};
  }));
  if (counted)
    for (const auto& [blob, what] : *counted)
      if (!known_blobs.contains(blob))
        report.faults.push_back(fmt::format("A record refers to the blob {:x}, which is not there.", blob));
  return {};
}

}  // namespace

Result<CheckReport> check_directory(const std::string& directory, const SegmentLister& segments) {
  if (!file_exists(directory + "/format"))
    return fail(404, "NoSuchDirectory", fmt::format("{} is no data directory: it has no file `format`.", directory));
  const auto store = TRY(Store::open(directory, {.reserve_bytes = 0}));
  const auto blobs = TRY(Blobs::open(*store));
  CheckReport report;
  if (const auto counts = store->verify()) {
    report.records = counts->records;
    report.record_bytes = counts->bytes;
  } else {
    report.faults.push_back(counts.error().message);
  }
  const auto tx = store->read();
  Counted counted;
  Status listed;
  if (segments)
    listed = segments(*tx, [&](const Segment& segment) {
      auto& [references, end] = counted[segment.blob];
      ++references;
      end = std::max(end, segment.offset + segment.length);
    });
  if (!listed) report.faults.push_back(listed.error().message);
  if (const Status checked = check_blobs(*blobs, *tx, segments && listed ? &counted : nullptr, report); !checked)
    report.faults.push_back(checked.error().message);
  return report;
}

std::string CheckReport::text() const {
  std::string out =
      fmt::format("{} records ({} bytes), {} blobs ({} bytes): ", records, record_bytes, blobs, blob_bytes);
  out += faults.empty() ? "all whole.\n" : fmt::format("{} faults.\n", faults.size());
  for (const std::string& fault : faults) out += "  " + fault + "\n";
  return out;
}

}  // namespace tarn
