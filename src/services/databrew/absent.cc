// Lists of what there is none of: consoles ask for them. Making any is refused by name.
#include "services/databrew/databrew.h"

namespace tarn::databrew {

Result<ListProjectsResponse> list_projects(DataBrew&, Call&, const ListProjectsRequest&) {
  ListProjectsResponse out;
  out.projects.set_present();
  return out;
}
Result<ListRecipesResponse> list_recipes(DataBrew&, Call&, const ListRecipesRequest&) {
  ListRecipesResponse out;
  out.recipes.set_present();
  return out;
}
Result<ListRulesetsResponse> list_rulesets(DataBrew&, Call&, const ListRulesetsRequest&) {
  ListRulesetsResponse out;
  out.rulesets.set_present();
  return out;
}
Result<ListSchedulesResponse> list_schedules(DataBrew&, Call&, const ListSchedulesRequest&) {
  ListSchedulesResponse out;
  out.schedules.set_present();
  return out;
}

}  // namespace tarn::databrew
