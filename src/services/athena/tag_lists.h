// Tags of workgroups and data catalogs, between the wire and the table of tags.
#pragma once

#include <string>

#include "base/result.h"
#include "door/call.h"
#include "gen/athena/shapes.h"

namespace tarn::athena {

// Adds them. ERRORS: InvalidRequestException: there would be too many.
Status put_tags(Call& call, const std::string& arn, const wire::List<Tag>& tags);

}  // namespace tarn::athena
