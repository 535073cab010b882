#include "blob/backup.h"

#include "door/door.h"
#include "gen/admin/handlers.h"
#include "services/admin/admin.h"

namespace tarn::admin {

Result<BackupResult> backup(Administration& admin, Call& call, const BackupRequest& in) {
  if (in.directory->front() != '/')
    return fail(400, "InvalidDirectory", "The directory must be an absolute path: it is made by the server, not by the client.");
  TRY(tarn::backup(call.door().store(), call.door().blobs(), *in.directory, admin.back_up()));
  return BackupResult{.directory = *in.directory};
}

}  // namespace tarn::admin
