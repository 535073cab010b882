# The thin front: every target says what it does in a line. `make` alone builds.
BUILD := build
PYTHON := .deps/python/bin/python

.PHONY: build demo test bench format lint build-time setup clean

build: setup            ## build the server at build/tarn
	@tools/b

setup:                  ## install what is missing
	@tools/setup.sh

demo: build             ## the monthly occurrence summary, end to end (ARCHIVE=file.zip, KEEP=1)
	@ARCHIVE="$(ARCHIVE)" KEEP="$(KEEP)" $(PYTHON) tools/demo.py

test:                   ## every test, with the time of each kind
	@tools/setup.sh clients
	@tools/b
	@$(PYTHON) tests/run.py $(TESTS)

bench: build            ## measure, as ratios in one run; writes bench/results.md
	@$(PYTHON) bench/run.py $(BENCH)

format:                 ## clang-format over src and tests
	@git ls-files 'src/*.cc' 'src/*.h' 'tests/*.cc' | xargs clang-format-19 -i

lint: build             ## clang-tidy over src
	@git ls-files 'src/*.cc' | grep -v src/sql/engine/ | xargs -P 2 -n 8 clang-tidy-19 -p $(BUILD) --quiet --extra-arg=-Wno-unknown-warning-option

build-time: setup       ## clean build without the compiler cache; prints the time and the ten slowest files
	@$(PYTHON) tools/build_time.py

clean:                  ## remove the build (not the dependencies)
	@rm -rf $(BUILD)
