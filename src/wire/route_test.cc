// A request that reaches the wrong operation does the wrong thing with the right permissions: every way in which a request
// names its operation, and every one that is not answered refused by name.
#include "wire/route.h"

#include <gtest/gtest.h>

namespace tarn::wire {
namespace {

constexpr Shape kText{.name = "Text", .kind = Kind::kString};
constexpr Shape kNothing{.name = "Nothing", .kind = Kind::kStructure};

constexpr Field query_field(std::string_view name, bool required) {
  return {.name = name,
          .wire_name = name,
          .query_name = {},
          .shape = &kText,
          .offset = 0,
          .location = Location::kQuery,
          .required = required};
}
constexpr Field header_field(std::string_view name, bool required) {
  return {.name = name,
          .wire_name = name,
          .query_name = {},
          .shape = &kText,
          .offset = 0,
          .location = Location::kHeader,
          .required = required};
}
constexpr Field kUpload[] = {query_field("uploadId", true)};
constexpr Field kPart[] = {query_field("partNumber", true), query_field("uploadId", true)};
constexpr Field kPartCopy[] = {header_field("x-amz-copy-source", true), query_field("partNumber", true),
                               query_field("uploadId", true)};
constexpr Field kCopy[] = {header_field("x-amz-copy-source", true)};
constexpr Field kGet[] = {query_field("partNumber", false), query_field("versionId", false)};
constexpr Shape kUploadInput{.name = "U", .kind = Kind::kStructure, .fields = kUpload};
constexpr Shape kPartInput{.name = "P", .kind = Kind::kStructure, .fields = kPart};
constexpr Shape kPartCopyInput{.name = "PC", .kind = Kind::kStructure, .fields = kPartCopy};
constexpr Shape kCopyInput{.name = "C", .kind = Kind::kStructure, .fields = kCopy};
constexpr Shape kGetInput{.name = "G", .kind = Kind::kStructure, .fields = kGet};

extern const Service kS3, kControl, kGlue, kStreams, kTables, kIam, kSts, kLambda;

constexpr Operation op(const Service& s, std::string_view name, std::string_view method, std::string_view uri,
                       const Shape& input = kNothing, Form form = Form::kRead) {
  return {
      .service = &s, .name = name, .method = method, .uri = uri, .input = &input, .output = &kNothing, .form = form};
}

const Operation kS3Operations[] = {
    op(kS3, "ListBuckets", "GET", "/"),
    op(kS3, "CreateBucket", "PUT", "/{Bucket}"),
    op(kS3, "HeadBucket", "HEAD", "/{Bucket}"),
    op(kS3, "DeleteBucket", "DELETE", "/{Bucket}"),
    op(kS3, "ListObjects", "GET", "/{Bucket}"),
    op(kS3, "ListObjectsV2", "GET", "/{Bucket}?list-type=2"),
    op(kS3, "GetBucketLocation", "GET", "/{Bucket}?location"),
    op(kS3, "GetBucketTagging", "GET", "/{Bucket}?tagging"),
    op(kS3, "DeleteObjects", "POST", "/{Bucket}?delete"),
    op(kS3, "ListMultipartUploads", "GET", "/{Bucket}?uploads"),
    op(kS3, "PutObject", "PUT", "/{Bucket}/{Key+}?x-id=PutObject", kNothing, Form::kBodyIn),
    op(kS3, "CopyObject", "PUT", "/{Bucket}/{Key+}", kCopyInput),
    op(kS3, "UploadPart", "PUT", "/{Bucket}/{Key+}", kPartInput, Form::kBodyIn),
    op(kS3, "UploadPartCopy", "PUT", "/{Bucket}/{Key+}", kPartCopyInput),
    op(kS3, "PutObjectTagging", "PUT", "/{Bucket}/{Key+}?tagging"),
    op(kS3, "GetObject", "GET", "/{Bucket}/{Key+}", kGetInput),
    op(kS3, "ListParts", "GET", "/{Bucket}/{Key+}", kUploadInput),
    op(kS3, "HeadObject", "HEAD", "/{Bucket}/{Key+}", kGetInput),
    op(kS3, "DeleteObject", "DELETE", "/{Bucket}/{Key+}", kGetInput),
    op(kS3, "AbortMultipartUpload", "DELETE", "/{Bucket}/{Key+}", kUploadInput),
    op(kS3, "CreateMultipartUpload", "POST", "/{Bucket}/{Key+}?uploads"),
    op(kS3, "CompleteMultipartUpload", "POST", "/{Bucket}/{Key+}", kUploadInput),
    op(kS3, "SelectObjectContent", "POST", "/{Bucket}/{Key+}?select&select-type=2"),
};
const Operation kControlOperations[] = {
    op(kControl, "GetPublicAccessBlock", "GET", "/v20180820/configuration/publicAccessBlock"),
    op(kControl, "GetMultiRegionAccessPointPolicy", "GET", "/v20180820/mrap/instances/{name+}/policy"),
    op(kControl, "GetMultiRegionAccessPoint", "GET", "/v20180820/mrap/instances/{name+}"),
};
const Operation kGlueOperations[] = {op(kGlue, "GetTable", "POST", "/"), op(kGlue, "GetTables", "POST", "/")};
const Operation kTablesOperations[] = {op(kTables, "GetItem", "POST", "/")};
const Operation kStreamsOperations[] = {op(kStreams, "GetRecords", "POST", "/")};
const Operation kIamOperations[] = {op(kIam, "CreateRole", "POST", "/")};
const Operation kStsOperations[] = {op(kSts, "AssumeRoleWithWebIdentity", "POST", "/"),
                                    op(kSts, "GetCallerIdentity", "POST", "/")};
const Operation kLambdaOperations[] = {
    op(kLambda, "ListFunctions", "GET", "/2015-03-31/functions/"),
    op(kLambda, "GetFunction", "GET", "/2015-03-31/functions/{FunctionName}"),
    op(kLambda, "GetAccountSettings", "GET", "/2015-03-31/functions/settings"),
    op(kLambda, "Invoke", "POST", "/2015-03-31/functions/{FunctionName}/invocations"),
};
constexpr Unanswered kNotAnswered[] = {
    {"CreateJob", "", ""},
    {"DeleteRole", "", ""},
    {"GetBucketAcl", "GET", "/{Bucket}?acl"},
    {"GetObjectAcl", "GET", "/{Bucket}/{Key+}?acl"},
    {"PutObjectAcl", "PUT", "/{Bucket}/{Key+}?acl"},
    {"ListObjectVersions", "GET", "/{Bucket}?versions"},
    {"PutBucketWebsite", "PUT", "/{Bucket}?website"},
    {"DeleteObjectTagging", "DELETE", "/{Bucket}/{Key+}?tagging"},
    {"RestoreObject", "POST", "/{Bucket}/{Key+}?restore"},
    {"ListDirectoryBuckets", "GET", "/?x-id=ListDirectoryBuckets"},
};

constexpr Service service(std::string_view name, std::string_view signing, std::string_view prefix,
                          std::string_view version, Protocol protocol, std::span<const Operation> operations) {
  return {.name = name,
          .id = name,
          .signing_name = signing,
          .endpoint_prefix = signing,
          .target_prefix = prefix,
          .api_version = version,
          .xml_namespace = {},
          .protocol = protocol,
          .operations = operations,
          .unanswered = kNotAnswered};
}
const Service kS3 = service("s3", "s3", "", "2006-03-01", Protocol::kRestXml, kS3Operations);
const Service kControl = service("s3control", "s3", "", "2018-08-20", Protocol::kRestXml, kControlOperations);
const Service kGlue = service("glue", "glue", "AWSGlue", "2017-03-31", Protocol::kJson11, kGlueOperations);
const Service kTables = service("dynamodb", "dynamodb", "DynamoDB_20120810", "", Protocol::kJson10, kTablesOperations);
const Service kStreams =
    service("dynamodbstreams", "dynamodb", "DynamoDBStreams_20120810", "", Protocol::kJson10, kStreamsOperations);
const Service kIam = service("iam", "iam", "", "2010-05-08", Protocol::kQuery, kIamOperations);
const Service kSts = service("sts", "sts", "", "2011-06-15", Protocol::kQuery, kStsOperations);
const Service kLambda = service("lambda", "lambda", "", "2015-03-31", Protocol::kRestJson, kLambdaOperations);

const Router& router() {
  static const Service* const all[] = {&kS3, &kControl, &kGlue, &kTables, &kStreams, &kIam, &kSts, &kLambda};
  static const Router router(all, {"localhost", "tarn.test"});
  return router;
}

struct Request {
  std::string scope;  // the signing name; empty: unsigned
  std::string line;   // "GET /b/k?acl"
  http::Headers headers = {};
  std::string body = {};

  http::RequestHead head() const {
    http::RequestHead head;
    const size_t blank = line.find(' ');
    head.method = line.substr(0, blank);
    const std::string target = line.substr(blank + 1);
    const size_t mark = target.find('?');
    head.path = target.substr(0, mark);
    if (mark != target.npos) head.query = target.substr(mark + 1);
    head.headers = headers;
    if (!head.headers.contains("Host")) head.headers.add("Host", "localhost:4566");
    return head;
  }
  Presented presented() const {
    Presented p;
    p.kind = scope.empty() ? Presented::Kind::kAnonymous : Presented::Kind::kHeader;
    p.service = scope;
    return p;
  }
  Routed route() const { return router().route(head(), presented(), body); }
  Error error() const { return route().operation.error(); }
  std::string name() const {
    const auto operation = route().operation;
    return operation ? std::string((*operation)->service->name) + "." + std::string((*operation)->name)
                     : operation.error().code;
  }
};

TEST(Router, FindsS3OperationsByMethodPathQueryAndHeaders) {
  const std::pair<Request, std::string> cases[] = {
      {{"s3", "GET /"}, "s3.ListBuckets"},
      {{"s3", "PUT /b"}, "s3.CreateBucket"},
      {{"s3", "PUT /b/"}, "s3.CreateBucket"},
      {{"s3", "GET /b"}, "s3.ListObjects"},
      {{"s3", "GET /b?prefix=x&list-type=2"}, "s3.ListObjectsV2"},
      {{"s3", "GET /b?list-type=1"}, "s3.ListObjects"},
      {{"s3", "GET /b?location"}, "s3.GetBucketLocation"},
      {{"s3", "GET /b?location="}, "s3.GetBucketLocation"},
      {{"s3", "GET /b/?tagging"}, "s3.GetBucketTagging"},
      {{"s3", "GET /b?uploads&prefix=acl"}, "s3.ListMultipartUploads"},
      {{"s3", "POST /b?delete"}, "s3.DeleteObjects"},
      {{"s3", "PUT /b/k"}, "s3.PutObject"},
      {{"s3", "PUT /b/k?x-id=PutObject"}, "s3.PutObject"},
      {{"s3", "PUT /b/k/"}, "s3.PutObject"},
      {{"s3", "PUT /b//"}, "s3.PutObject"},
      {{"s3", "PUT /b//../x%2Fy"}, "s3.PutObject"},
      {{"s3", "PUT /b/k", {{"X-Amz-Copy-Source", "/c/d"}}}, "s3.CopyObject"},
      {{"s3", "PUT /b/k?partNumber=1&uploadId=u"}, "s3.UploadPart"},
      {{"s3", "PUT /b/k?partNumber=1&uploadId=u", {{"x-amz-copy-source", "/c/d"}}}, "s3.UploadPartCopy"},
      {{"s3", "PUT /b/k?tagging&versionId=v"}, "s3.PutObjectTagging"},
      {{"s3", "GET /b/a/b/c?versionId=v&response-content-type=text%2Fplain"}, "s3.GetObject"},
      {{"s3", "GET /b/k?partNumber=2"}, "s3.GetObject"},
      {{"s3", "GET /b/k?uploadId=u&max-parts=2"}, "s3.ListParts"},
      {{"s3", "HEAD /b/k"}, "s3.HeadObject"},
      {{"s3", "DELETE /b/k"}, "s3.DeleteObject"},
      {{"s3", "DELETE /b/k?uploadId=u"}, "s3.AbortMultipartUpload"},
      {{"s3", "POST /b/k?uploads"}, "s3.CreateMultipartUpload"},
      {{"s3", "POST /b/k?uploadId=u"}, "s3.CompleteMultipartUpload"},
      {{"s3", "POST /b/k?select&select-type=2"}, "s3.SelectObjectContent"},
      // A key that looks like a path of another operation, and one like a sub-resource.
      {{"s3", "GET /v20180820/configuration/publicAccessBlock"}, "s3.GetObject"},
      {{"s3", "GET /b/acl"}, "s3.GetObject"},
  };
  for (const auto& [request, expected] : cases) EXPECT_EQ(request.name(), expected) << request.line;
}

TEST(Router, RefusesS3OperationsThatAreNotAnswered) {
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"GET /b?acl", "NotImplemented", "'GetBucketAcl' of s3 is not supported by tarn"},
      {"GET /b/k?acl", "NotImplemented", "'GetObjectAcl'"},
      {"PUT /b/k?acl=", "NotImplemented", "'PutObjectAcl'"},
      {"GET /b?versions&prefix=x", "NotImplemented", "'ListObjectVersions'"},
      {"PUT /b?website", "NotImplemented", "'PutBucketWebsite'"},
      {"DELETE /b/k?tagging", "NotImplemented", "'DeleteObjectTagging'"},
      {"POST /b/k?restore", "NotImplemented", "'RestoreObject'"},
      {"POST /b", "PreconditionFailed", "pre-conditions"},
      {"PATCH /b", "MethodNotAllowed", "not allowed"},
      {"DELETE /", "MethodNotAllowed", "not allowed"},
  };
  for (const auto& [line, code, words] : cases) {
    const auto routed = Request{"s3", line}.route().operation;
    ASSERT_FALSE(routed) << line;
    EXPECT_EQ(routed.error().code, code) << line;
    EXPECT_TRUE(routed.error().message.contains(words)) << routed.error().message;
  }
}

TEST(Router, TakesTheBucketFromTheHost) {
  const std::pair<std::string, std::string> hosts[] = {
      {"localhost", ""},
      {"localhost:4566", ""},
      {"LOCALHOST:4566", ""},
      {"s3.localhost", ""},
      {"s3.us-east-1.localhost", ""},
      {"b.localhost:4566", "b"},
      {"my.bucket.localhost", "my.bucket"},
      {"My-Bucket.localhost", "my-bucket"},
      {"b.s3.localhost:4566", "b"},
      {"b.s3.eu-west-1.localhost", "b"},
      {"b.s3-eu-west-1.localhost", "b"},
      {"a.s3.b.localhost", "a.s3.b"},
      {"b.tarn.test", "b"},
      {"notlocalhost", ""},
      {"b.elsewhere", ""},
      {"127.0.0.1:4566", ""},
      {"10.1.2.3", ""},
      {"[::1]:4566", ""},
      {"", ""},
      {".localhost", ""},
      {"s3.amazonaws.com", ""},
      {"b.s3.amazonaws.com", "b"},
      {"my.bucket.s3.us-west-2.amazonaws.com", "my.bucket"},
      {"b.s3.dualstack.us-west-2.amazonaws.com", "b"},
      {"b.s3-us-west-2.amazonaws.com", "b"},
      {"s3.us-west-2.amazonaws.com", ""},
      {"glue.us-west-2.amazonaws.com", ""},
      {"b.s3.cn-north-1.amazonaws.com.cn", "b"},
      {"123456789012.s3-control.us-east-1.localhost", ""},
  };
  const std::string domains[] = {"localhost", "tarn.test"};
  for (const auto& [host, bucket] : hosts) EXPECT_EQ(bucket_of_host(host, domains), bucket) << host;

  const auto path = [](const std::string& line, const std::string& host) {
    const Routed routed = Request{"s3", line, {{"Host", host}}}.route();
    return routed.operation ? std::string((*routed.operation)->name) + " " + routed.path : routed.operation.error().code;
  };
  EXPECT_EQ(path("GET /", "b.localhost:4566"), "ListObjects /b/");
  EXPECT_EQ(path("GET /a%20b/", "b.localhost"), "GetObject /b/a%20b/");
  EXPECT_EQ(path("GET //a", "my.bucket.s3.eu-west-1.amazonaws.com"), "GetObject /my.bucket//a");
  EXPECT_EQ(path("GET /b/k", "127.0.0.1:4566"), "GetObject /b/k");
  // Only S3's paths: another service's host may look alike.
  EXPECT_EQ((Request{"lambda", "GET /2015-03-31/functions/f", {{"Host", "lambda.localhost"}}}.route().path),
            "/2015-03-31/functions/f");
}

TEST(Router, TellsServicesOfOneSigningNameApart) {
  EXPECT_EQ(
      (Request{"s3", "GET /v20180820/configuration/publicAccessBlock", {{"x-amz-account-id", "123456789012"}}}.name()),
      "s3control.GetPublicAccessBlock");
  EXPECT_EQ((Request{"dynamodb", "POST /", {{"X-Amz-Target", "DynamoDB_20120810.GetItem"}}}.name()),
            "dynamodb.GetItem");
  EXPECT_EQ((Request{"dynamodb", "POST /", {{"X-Amz-Target", "DynamoDBStreams_20120810.GetRecords"}}}.name()),
            "dynamodbstreams.GetRecords");
}

TEST(Router, PrefersTheMostSpecificPath) {
  const http::Headers account{{"x-amz-account-id", "1"}};
  EXPECT_EQ((Request{"lambda", "GET /2015-03-31/functions/"}.name()), "lambda.ListFunctions");
  EXPECT_EQ((Request{"lambda", "GET /2015-03-31/functions"}.name()), "lambda.ListFunctions");
  EXPECT_EQ((Request{"lambda", "GET /2015-03-31/functions/arn%3Aaws%3Alambda"}.name()), "lambda.GetFunction");
  EXPECT_EQ((Request{"lambda", "GET /2015-03-31/functions/settings"}.name()), "lambda.GetAccountSettings");
  EXPECT_EQ((Request{"lambda", "POST /2015-03-31/functions/f/invocations"}.name()), "lambda.Invoke");
  EXPECT_EQ((Request{"s3", "GET /v20180820/mrap/instances/a/b/policy", account}.name()),
            "s3control.GetMultiRegionAccessPointPolicy");
  EXPECT_EQ((Request{"s3", "GET /v20180820/mrap/instances/a/b", account}.name()),
            "s3control.GetMultiRegionAccessPoint");
  const Error unknown = Request{"lambda", "POST /2015-03-31/functions/f/other"}.error();
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.code, "UnknownOperationException");
  EXPECT_TRUE(unknown.message.contains("POST /2015-03-31/functions/f/other"));
}

TEST(Router, FindsOperationsByName) {
  const std::string form = "Version=2010-05-08&Action=CreateRole&RoleName=r";
  EXPECT_EQ((Request{"iam", "POST /", {}, form}.name()), "iam.CreateRole");
  EXPECT_EQ((Request{"iam", "GET /?Action=CreateRole"}.name()), "iam.CreateRole");
  EXPECT_EQ((Request{"iam", "POST /", {}, "RoleName=r"}.name()), "MissingAction");
  EXPECT_EQ((Request{"iam", "POST /"}.name()), "MissingAction");
  EXPECT_EQ((Request{"glue", "POST /", {{"X-Amz-Target", "AWSGlue.GetTables"}}}.name()), "glue.GetTables");
  EXPECT_EQ((Request{"glue", "POST /"}.name()), "UnknownOperationException");
  EXPECT_EQ((Request{"glue", "POST /", {{"X-Amz-Target", "GetTables"}}}.name()), "UnknownOperationException");
  EXPECT_EQ((Request{"glue", "POST /", {{"X-Amz-Target", "Other.GetTables"}}}.name()), "UnknownOperationException");
}

TEST(Router, NamesWhatItDoesNotAnswer) {
  const Error known = Request{"glue", "POST /", {{"X-Amz-Target", "AWSGlue.CreateJob"}}}.error();
  EXPECT_EQ(known.code, "UnknownOperationException");
  EXPECT_TRUE(known.message.contains("'CreateJob' of glue is not supported by tarn")) << known.message;
  const Error unknown = Request{"glue", "POST /", {{"X-Amz-Target", "AWSGlue.MakeTea"}}}.error();
  EXPECT_TRUE(unknown.message.contains("'MakeTea' of glue is not known")) << unknown.message;
  const Error action = Request{"iam", "POST /", {}, "Action=DeleteRole"}.error();
  EXPECT_EQ(action.code, "InvalidAction");
  EXPECT_TRUE(action.message.contains("'DeleteRole'"));
  const Error service = Request{"kafka", "POST /"}.error();
  EXPECT_EQ(service.code, "UnknownOperationException");
  EXPECT_TRUE(service.message.contains("'kafka'"));
}

TEST(Router, RoutesUnsignedRequests) {
  EXPECT_EQ((Request{"", "GET /b/k"}.name()), "s3.GetObject");
  EXPECT_EQ((Request{"", "GET /k", {{"Host", "iam.s3.amazonaws.com"}}}.name()), "s3.GetObject");
  EXPECT_EQ((Request{"", "POST /", {}, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"}.name()),
            "sts.AssumeRoleWithWebIdentity");
  EXPECT_EQ((Request{"", "POST /", {{"Host", "sts.us-east-1.amazonaws.com"}}, "Action=Unheard"}.name()),
            "InvalidAction");
  EXPECT_EQ((Request{"", "POST /", {{"X-Amz-Target", "AWSGlue.GetTable"}}}.name()), "glue.GetTable");
}

TEST(Router, SaysWhetherTheBodyIsNeeded) {
  const std::pair<Request, bool> cases[] = {
      {{"s3", "PUT /k", {{"Host", "b.localhost"}}}, false},
      {{"s3", "GET /b/k"}, false},
      {{"glue", "POST /", {{"X-Amz-Target", "AWSGlue.GetTable"}}}, false},
      {{"kafka", "POST /"}, false},
      {{"iam", "POST /"}, true},
      {{"", "POST /"}, true},
  };
  for (const auto& [request, needed] : cases) EXPECT_EQ(request.route().by_body, needed) << request.line;
}

TEST(Router, SaysInWhoseWordsToRefuse) {
  const auto words = [](const Request& r) { return r.route().service->name; };
  EXPECT_EQ(words({"glue", "POST /"}), "glue");
  EXPECT_EQ(words({"kafka", "POST /", {{"X-Amz-Target", "Kafka.X"}}}), "glue");  // JSON as well
  EXPECT_EQ(words({"kafka", "POST /", {{"Content-Type", "application/x-www-form-urlencoded"}}}), "iam");
  EXPECT_EQ(words({"kafka", "POST /", {{"Content-Type", "application/json"}}}), "lambda");
  EXPECT_EQ(words({"kafka", "GET /"}), "lambda");
  EXPECT_EQ(words({"", "GET /"}), "s3");
}

}  // namespace
}  // namespace tarn::wire
