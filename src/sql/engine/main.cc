#include "sql/engine/engine_main.h"

int main(int argc, char** argv) { return tarn::sql::engine::engine_main(argc, argv); }
