#include "door/event_envelope.h"

namespace tarn {

Status emit_service_event(Outbox& outbox, Transaction& tx, ServiceEvent event) {
  Json resources = Json::array();
  for (std::string& arn : event.resources) resources.push(std::move(arn));
  std::string kind = event.reads ? kReads : event.source + ":" + event.detail_type;
  const Json body = Json::object({{"source", std::move(event.source)},
                                  {"detail-type", std::move(event.detail_type)},
                                  {"resources", std::move(resources)},
                                  {"detail", std::move(event.detail)}});
  return outbox.emit(tx, {.kind = std::move(kind),
                          .account = std::move(event.account),
                          .region = event.region.empty() ? "us-east-1" : std::move(event.region),
                          .payload = body.text()});
}

Json event_envelope(const Event& event, const Json& body) {
  const Json& resources = body["resources"];
  const Json& detail = body["detail"];
  return Json::object({{"version", "0"},
                       {"id", event.id},
                       {"detail-type", body["detail-type"]},
                       {"source", body["source"]},
                       {"account", event.account},
                       {"time", iso8601(Time::of_seconds(event.time.seconds()))},
                       {"region", event.region},
                       {"resources", resources.is_array() ? resources : Json::array()},
                       {"detail", detail.is_null() ? Json::object() : detail}});
}

}  // namespace tarn
