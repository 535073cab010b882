// STS: who one is, and temporary credentials. It keeps nothing: a session is a sealed token (door/sessions.h).
#pragma once

#include "door/call.h"
#include "gen/sts/handlers.h"

namespace tarn::sts {

class Sts {};

}  // namespace tarn::sts
