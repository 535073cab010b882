// The file system behind s3:// paths: reads descriptors that the server opened, writes to staged ones.
#pragma once

#include "sql/engine/duckdb.pch.h"

namespace tarn::sql::engine {

// Every function needs the SessionState of the connection that asks: paths are opened as its principal.
// A written object is finished by Close(); a handle destroyed without it aborts the object.
duckdb::unique_ptr<duckdb::FileSystem> make_object_fs();

}  // namespace tarn::sql::engine
