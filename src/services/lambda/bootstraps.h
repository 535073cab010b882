// The programs that run handlers, in the handlers' own languages: each asks the Runtime API for the next invocation, calls
// the handler and posts what it returned. AWS: Developer Guide, "Using the Lambda runtime API for custom runtimes".
#pragma once

#include <string_view>

namespace tarn::lambda {

inline constexpr std::string_view kPythonBootstrap = R"PYTHON(
import importlib, json, os, socket, sys, time, traceback

HOST, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
BASE = "/2018-06-01/runtime/"
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
for place in ("/opt/python/lib/python%d.%d/site-packages" % sys.version_info[:2], "/opt/python"):
    if os.path.isdir(place):
        sys.path.insert(1, place)


class Api:
    """One connection that is kept open; http.client would cost more than the handler. An answer and the question for the
    next call go out together: the answer to the first is not waited for."""

    def __init__(self):
        self.socket = socket.create_connection((HOST, int(PORT)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def post(self, path, body, error_type=None):
        kind = "Lambda-Runtime-Function-Error-Type: %s\r\n" % error_type if error_type else ""
        return ("POST %s%s HTTP/1.1\r\nHost: runtime\r\n%sContent-Length: %d\r\n\r\n" % (BASE, path, kind, len(body))).encode() + body

    def send(self, requests):
        self.socket.sendall(requests)

    def receive(self):
        readline = self.file.readline
        readline()
        fields = {}
        while True:
            line = readline()
            if len(line) <= 2:
                break
            name, _, value = line.decode().partition(":")
            fields[name.lower()] = value.strip()
        return fields, self.file.read(int(fields.get("content-length", 0)))


class Identity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class Client:
    def __init__(self, facts):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, facts.get(name))


class ClientContext:
    def __init__(self, facts):
        self.client = Client(facts.get("client") or {})
        self.custom = facts.get("custom") or {}
        self.env = facts.get("env") or {}


class Context:
    function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
    memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
    log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]

    def __init__(self, fields):
        self.aws_request_id = fields["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = fields["lambda-runtime-invoked-function-arn"]
        self.identity = Identity()
        given = fields.get("lambda-runtime-client-context")
        self.client_context = ClientContext(json.loads(given)) if given else None
        self._deadline = int(fields["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, text):
        sys.stdout.write(str(text))


def error_of(problem, request_id=None, skip=1):
    frames = traceback.extract_tb(problem.__traceback__)[skip:]
    out = {"errorMessage": str(problem), "errorType": type(problem).__name__}
    if request_id is not None:
        out["requestId"] = request_id
    out["stackTrace"] = ['  File "%s", line %d, in %s\n    %s\n' % (f.filename, f.lineno, f.name, f.line) for f in frames]
    return out


def load(handler):
    module, _, name = handler.rpartition(".")
    if not module:
        raise MalformedHandler("Bad handler '%s': not enough values to unpack (expected 2, got 1)" % handler)
    try:
        found = importlib.import_module(module.replace("/", "."))
    except SyntaxError as problem:
        raise UserCodeSyntaxError("Syntax error in module '%s': %s" % (module, problem)) from problem
    except ImportError as problem:
        raise ImportModuleError("Unable to import module '%s': %s" % (module, problem)) from problem
    try:
        return getattr(found, name)
    except AttributeError:
        raise HandlerNotFound("Handler '%s' missing on module '%s'" % (name, module)) from None


class MalformedHandler(Exception): kind = "Runtime.MalformedHandlerName"
class UserCodeSyntaxError(Exception): kind = "Runtime.UserCodeSyntaxError"
class ImportModuleError(Exception): kind = "Runtime.ImportModuleError"
class HandlerNotFound(Exception): kind = "Runtime.HandlerNotFound"


def set_up_logging():
    """AWS: Python logging: the root logger has a handler, which writes [LEVEL], time, request id and message."""
    import logging

    class Filter(logging.Filter):
        def filter(self, record):
            record.aws_request_id = getattr(set_up_logging, "request_id", "")
            return True

    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(Filter())
    logging.getLogger().addHandler(handler)


def misplaced(problem):
    """Where a layer has what could not be imported, if its author forgot the folder python/."""
    name = (getattr(problem.__cause__, "name", None) or "").split(".")[0]
    found = [place for place in ("/opt/%s.py" % name, "/opt/%s" % name) if name and os.path.exists(place)]
    return "A layer has %s, where Python does not look: in the layer's zip it must lie below python/." % found[0] if found else ""


def fail_init(api, problem):
    error = error_of(problem, skip=99)
    error["errorType"] = getattr(problem, "kind", type(problem).__name__)
    if not hasattr(problem, "kind"):
        error["stackTrace"] = error_of(problem)["stackTrace"]
    print("[ERROR] %s: %s %s" % (error["errorType"], error["errorMessage"], misplaced(problem)))
    print("Traceback (most recent call last):" + "".join("\n" + line.rstrip() for line in error["stackTrace"]))
    sys.stdout.flush()
    api.send(api.post("init/error", json.dumps(error).encode(), error["errorType"]))
    api.receive()
    sys.exit(1)


def held():
    """Bytes: the first call may be over before anybody else has looked."""
    try:
        with open("/proc/self/status") as status:
            return next((int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def main():
    api = Api()
    set_up_logging()
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as problem:
        fail_init(api, problem)
    following = ("GET %sinvocation/next HTTP/1.1\r\nHost: runtime\r\n" % BASE).encode()
    api.send(following + b"Tarn-Memory: %d\r\n\r\n" % held())
    following += b"\r\n"
    while True:
        fields, event = api.receive()
        request_id = fields["lambda-runtime-aws-request-id"]
        set_up_logging.request_id = request_id
        if "lambda-runtime-trace-id" in fields:
            os.environ["_X_AMZN_TRACE_ID"] = fields["lambda-runtime-trace-id"]
        try:
            answer = handler(json.loads(event) if event else {}, Context(fields))
            try:
                body = json.dumps(answer, ensure_ascii=False).encode()
            except (TypeError, ValueError) as problem:
                raise MarshalError("Unable to marshal response: %s" % problem) from None
        except Exception as problem:
            error = error_of(problem, request_id)
            error["errorType"] = getattr(problem, "kind", error["errorType"])
            print("[ERROR] %s: %s\nTraceback (most recent call last):\n%s" % (
                error["errorType"], error["errorMessage"], "".join(error["stackTrace"]).rstrip()))
            sys.stdout.flush()
            sys.stderr.flush()
            answer = api.post("invocation/%s/error" % request_id, json.dumps(error).encode(), error["errorType"])
        else:
            answer = api.post("invocation/%s/response" % request_id, body)
        sys.stdout.flush()
        sys.stderr.flush()
        api.send(answer + following)
        api.receive()


class MarshalError(Exception): kind = "Runtime.MarshalError"


main()
)PYTHON";

inline constexpr std::string_view kNodeBootstrap = R"NODE(
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Writable } from 'node:stream';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, where, body = '', headers = {}, by = agent) {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(body);
    const request = http.request({ host, port, method, agent: by, path: '/2018-06-01/runtime/' + where,
      headers: { ...headers, 'Content-Length': bytes.length } }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(pieces).toString() }));
    });
    request.on('error', reject);
    request.end(bytes);
  });
}

function errorOf(problem) {
  if (!(problem instanceof Error)) return { errorType: typeof problem, errorMessage: String(problem), trace: [] };
  return { errorType: problem.name, errorMessage: problem.message, trace: (problem.stack || '').split('\n') };
}

let requestId = '';
for (const [name, level] of [['log', 'INFO'], ['info', 'INFO'], ['warn', 'WARN'], ['error', 'ERROR'], ['debug', 'DEBUG'], ['trace', 'TRACE']]) {
  const { format } = await import('node:util');
  console[name] = (...words) =>
    fs.writeSync(1, `${new Date().toISOString()}\t${requestId || 'undefined'}\t${level}\t${format(...words).replace(/\n/g, '\r')}\n`);
}

async function load() {
  const text = process.env._HANDLER;
  const slash = text.lastIndexOf('/');
  const folder = path.resolve(process.env.LAMBDA_TASK_ROOT, text.slice(0, slash + 1));
  const [file, ...names] = text.slice(slash + 1).split('.');
  if (names.length === 0) throw Object.assign(new Error(`Bad handler ${text}`), { name: 'Runtime.MalformedHandlerName' });
  const base = path.join(folder, file);
  const found = ['.js', '.mjs', '.cjs'].map((ending) => base + ending).find((name) => fs.existsSync(name));
  if (!found) throw Object.assign(new Error(`Cannot find module '${file}'`), { name: 'Runtime.ImportModuleError' });
  let module;
  try {
    module = await import(pathToFileURL(found));
  } catch (problem) {
    const name = problem instanceof SyntaxError ? 'Runtime.UserCodeSyntaxError' : 'Runtime.ImportModuleError';
    const wanted = /Cannot find (?:module|package) '([^'/.][^'/]*)/.exec(problem.message)?.[1];
    const place = ['/opt/node_modules/', '/opt/'].map((folder) => folder + wanted).find((at) => wanted && fs.existsSync(at));
    if (place) console.error(`A layer has ${place}, where Node.js does not look: in the layer's zip it must lie below nodejs/node_modules/.`);
    throw ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(problem.code) || problem instanceof SyntaxError ? Object.assign(problem, { name }) : problem;
  }
  const pick = (from) => names.reduce((object, name) => object?.[name], from);
  const handler = pick(module) ?? pick(module.default);
  if (typeof handler !== 'function')
    throw Object.assign(new Error(`${text} is undefined or not exported`), { name: 'Runtime.HandlerNotFound' });
  return handler;
}

function contextOf(headers, done) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    callbackWaitsForEmptyEventLoop: true,
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: headers['lambda-runtime-client-context'] ? JSON.parse(headers['lambda-runtime-client-context']) : undefined,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done: (problem, value) => done(problem, value), fail: (problem) => done(problem), succeed: (value) => done(null, value),
  };
}

// AWS: Developer Guide, "Response streaming for Lambda functions": what handlers find in awslambda.
const kStreams = Symbol('streams its response');
globalThis.awslambda = {
  streamifyResponse: (handler) => Object.assign(handler, { [kStreams]: true }),
  HttpResponseStream: {
    from(stream, prelude) {
      stream.setContentType('application/vnd.awslambda.http-integration-response');
      stream.write(JSON.stringify(prelude));
      stream.write(new Uint8Array(8));
      return stream;
    },
  },
};

function streamed(run) {
  return new Promise((resolve, reject) => {
    let request;
    let type = 'application/octet-stream';
    const open = () => (request ??= http.request({ host, port, method: 'POST', agent,
      path: `/2018-06-01/runtime/invocation/${requestId}/response`,
      headers: { 'Content-Type': type, 'Lambda-Runtime-Function-Response-Mode': 'streaming', 'Transfer-Encoding': 'chunked',
        Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body' } },
      (response) => response.resume().on('end', resolve)).on('error', reject));
    const out = new Writable({ write: (piece, _, done) => open().write(piece, done), final: (done) => open().end(done) });
    out.setContentType = (given) => { type = given; };
    out.on('error', reject);
    Promise.resolve(run(out)).catch((problem) => {
      if (!request) return reject(problem);
      const error = errorOf(problem);  // part of the answer is gone: what went wrong is told behind it
      console.error('Invoke Error', JSON.stringify({ ...error, stack: error.trace }));
      request.addTrailers({ 'Lambda-Runtime-Function-Error-Type': error.errorType,
        'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(error)).toString('base64') });
      request.end();
    });
  });
}

// What nobody has caught is told as the call's error, and ends the process. A stream under way may keep the connection: it
// goes over another.
let running = false;
async function giveUp(problem, title, status, type) {
  const error = errorOf(problem);
  if (type) Object.assign(error, { errorType: type, errorMessage: String(problem) });
  console.error(title, JSON.stringify({ ...error, stack: error.trace }));
  if (running)
    await call('POST', `invocation/${requestId}/error`, JSON.stringify(error), { 'Lambda-Runtime-Function-Error-Type': error.errorType },
      new http.Agent());
  process.exit(status);
}
process.on('uncaughtException', (problem) => giveUp(problem, 'Uncaught Exception', 129));
process.on('unhandledRejection', (reason) => giveUp(reason, 'Unhandled Promise Rejection', 128, 'Runtime.UnhandledPromiseRejection'));

async function main() {
  globalThis.require = createRequire(process.env.LAMBDA_TASK_ROOT + '/');
  let handler;
  try {
    handler = await load();
  } catch (problem) {
    const error = errorOf(problem);
    console.error('Uncaught Exception', JSON.stringify({ ...error, stack: error.trace }));
    await call('POST', 'init/error', JSON.stringify(error), { 'Lambda-Runtime-Function-Error-Type': error.errorType });
    process.exit(1);
  }
  // The first call may be over before anybody else has looked.
  let held = { 'Tarn-Memory': process.memoryUsage.rss() };
  for (;;) {
    running = false;
    const { headers, body } = await call('GET', 'invocation/next', '', held);
    held = {};
    running = true;
    requestId = headers['lambda-runtime-aws-request-id'];
    process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    try {
      if (handler[kStreams]) {
        await streamed((out) => handler(body ? JSON.parse(body) : {}, out, contextOf(headers)));
        continue;
      }
      const answer = await new Promise((resolve, reject) => {
        const done = (problem, value) => (problem ? reject(problem) : resolve(value));
        const returned = handler(body ? JSON.parse(body) : {}, contextOf(headers, done), done);
        if (returned && typeof returned.then === 'function') returned.then(resolve, reject);
        else if (handler.length < 3) resolve(returned);
      });
      await call('POST', `invocation/${requestId}/response`, JSON.stringify(answer === undefined ? null : answer));
    } catch (problem) {
      const error = errorOf(problem);
      console.error('Invoke Error', JSON.stringify({ ...error, stack: error.trace }));
      await call('POST', `invocation/${requestId}/error`, JSON.stringify(error),
        { 'Lambda-Runtime-Function-Error-Type': error.errorType });
    }
  }
}

await main();
)NODE";

}  // namespace tarn::lambda
