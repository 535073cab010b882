// COPY's text files: opened through the engine's file system, read with the request's options.
#pragma once

#include "sql/engine/duckdb.pch.h"
#include "sql/engine/records.h"
#include "sql/engine_client.h"

namespace tarn::sql::engine {

// The object's bytes, decompressed; kAuto goes by the name's ending.
ByteSource open_text(duckdb::ClientContext& context, const std::string& uri, Compression compression);

class TextReader {
 public:
  TextReader(ByteSource source, const LoadRequest& request);
  std::optional<Record> next_record();
  std::optional<Record> next_document() { return reader_.next_document(false); }

 private:
  const LoadRequest& request_;
  RecordReader reader_;
};

}  // namespace tarn::sql::engine
