#include "services/iam/aws_policies.h"

#include "base/digest.h"

namespace tarn::iam {

namespace {

// Facts of the AWS Managed Policy Reference, as of 2026-02; each row says its version and the day of that version.
// clang-format off
constexpr AwsPolicy kPolicies[] = {
    {"/service-role/", "AWSBatchServiceRole", "v13", "2023-12-05T18:49:44Z",
     R"({"Version":"2012-10-17","Statement":[{"Sid":"AWSBatchPolicyStatement1","Effect":"Allow","Action":["ec2:DescribeAccountAttributes","ec2:DescribeInstances","ec2:DescribeInstanceStatus","ec2:DescribeInstanceAttribute","ec2:DescribeSubnets","ec2:DescribeSecurityGroups","ec2:DescribeKeyPairs","ec2:DescribeImages","ec2:DescribeImageAttribute","ec2:DescribeSpotInstanceRequests","ec2:DescribeSpotFleetInstances","ec2:DescribeSpotFleetRequests","ec2:DescribeSpotPriceHistory","ec2:DescribeSpotFleetRequestHistory","ec2:DescribeVpcClassicLink","ec2:DescribeLaunchTemplateVersions","ec2:CreateLaunchTemplate","ec2:DeleteLaunchTemplate","ec2:RequestSpotFleet","ec2:CancelSpotFleetRequests","ec2:ModifySpotFleetRequest","ec2:TerminateInstances","ec2:RunInstances","autoscaling:DescribeAccountLimits","autoscaling:DescribeAutoScalingGroups","autoscaling:DescribeLaunchConfigurations","autoscaling:DescribeAutoScalingInstances","autoscaling:DescribeScalingActivities","autoscaling:CreateLaunchConfiguration","autoscaling:CreateAutoScalingGroup","autoscaling:UpdateAutoScalingGroup","autoscaling:SetDesiredCapacity","autoscaling:DeleteLaunchConfiguration","autoscaling:DeleteAutoScalingGroup","autoscaling:CreateOrUpdateTags","autoscaling:SuspendProcesses","autoscaling:PutNotificationConfiguration","autoscaling:TerminateInstanceInAutoScalingGroup","ecs:DescribeClusters","ecs:DescribeContainerInstances","ecs:DescribeTaskDefinition","ecs:DescribeTasks","ecs:ListAccountSettings","ecs:ListClusters","ecs:ListContainerInstances","ecs:ListTaskDefinitionFamilies","ecs:ListTaskDefinitions","ecs:ListTasks","ecs:CreateCluster","ecs:DeleteCluster","ecs:RegisterTaskDefinition","ecs:DeregisterTaskDefinition","ecs:RunTask","ecs:StartTask","ecs:StopTask","ecs:UpdateContainerAgent","ecs:DeregisterContainerInstance","logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents","logs:DescribeLogGroups","iam:GetInstanceProfile","iam:GetRole"],"Resource":"*"},)"
     R"({"Sid":"AWSBatchPolicyStatement2","Effect":"Allow","Action":"ecs:TagResource","Resource":["arn:aws:ecs:*:*:task/*_Batch_*"]},)"
     R"({"Sid":"AWSBatchPolicyStatement3","Effect":"Allow","Action":"iam:PassRole","Resource":["*"],"Condition":{"StringEquals":{"iam:PassedToService":["ec2.amazonaws.com","ec2.amazonaws.com.cn","ecs-tasks.amazonaws.com"]}}},)"
     R"({"Sid":"AWSBatchPolicyStatement4","Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"*","Condition":{"StringEquals":{"iam:AWSServiceName":["spot.amazonaws.com","spotfleet.amazonaws.com","autoscaling.amazonaws.com","ecs.amazonaws.com"]}}},)"
     R"({"Sid":"AWSBatchPolicyStatement5","Effect":"Allow","Action":["ec2:CreateTags"],"Resource":["*"],"Condition":{"StringEquals":{"ec2:CreateAction":"RunInstances"}}}]})"},
    {"/", "AWSGlueConsoleFullAccess", "v13", "2023-03-30T15:58:41Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["glue:*","redshift:DescribeClusters","redshift:DescribeClusterSubnetGroups","iam:ListRoles","iam:ListUsers","iam:ListGroups","iam:ListRolePolicies","iam:GetRole","iam:GetRolePolicy","iam:ListAttachedRolePolicies","ec2:DescribeSecurityGroups","ec2:DescribeSubnets","ec2:DescribeVpcs","ec2:DescribeVpcEndpoints","ec2:DescribeRouteTables","ec2:DescribeVpcAttribute","ec2:DescribeKeyPairs","ec2:DescribeInstances","ec2:DescribeImages","rds:DescribeDBInstances","rds:DescribeDBClusters","rds:DescribeDBSubnetGroups","s3:ListAllMyBuckets","s3:ListBucket","s3:GetBucketAcl","s3:GetBucketLocation","cloudformation:ListStacks","cloudformation:DescribeStacks","cloudformation:GetTemplateSummary","dynamodb:ListTables","kms:ListAliases","kms:DescribeKey","cloudwatch:GetMetricData","cloudwatch:ListDashboards"],"Resource":["*"]},)"
     R"({"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::aws-glue-*/*","arn:aws:s3:::*/*aws-glue-*/*","arn:aws:s3:::aws-glue-*"]},)"
     R"({"Effect":"Allow","Action":["tag:GetResources"],"Resource":["*"]},{"Effect":"Allow","Action":["s3:CreateBucket"],"Resource":["arn:aws:s3:::aws-glue-*"]},)"
     R"({"Effect":"Allow","Action":["logs:GetLogEvents"],"Resource":["arn:aws:logs:*:*:/aws-glue/*"]},)"
     R"({"Effect":"Allow","Action":["cloudformation:CreateStack","cloudformation:DeleteStack"],"Resource":"arn:aws:cloudformation:*:*:stack/aws-glue*/*"},)"
     R"({"Effect":"Allow","Action":["ec2:RunInstances"],"Resource":["arn:aws:ec2:*:*:instance/*","arn:aws:ec2:*:*:key-pair/*","arn:aws:ec2:*:*:image/*","arn:aws:ec2:*:*:security-group/*","arn:aws:ec2:*:*:network-interface/*","arn:aws:ec2:*:*:subnet/*","arn:aws:ec2:*:*:volume/*"]},)"
     R"({"Effect":"Allow","Action":["ec2:TerminateInstances","ec2:CreateTags","ec2:DeleteTags"],"Resource":["arn:aws:ec2:*:*:instance/*"],"Condition":{"StringLike":{"ec2:ResourceTag/aws:cloudformation:stack-id":"arn:aws:cloudformation:*:*:stack/aws-glue-*/*"},"StringEquals":{"ec2:ResourceTag/aws:cloudformation:logical-id":"ZeppelinInstance"}}},)"
     R"({"Action":["iam:PassRole"],"Effect":"Allow","Resource":"arn:aws:iam::*:role/AWSGlueServiceRole*","Condition":{"StringLike":{"iam:PassedToService":["glue.amazonaws.com"]}}},)"
     R"({"Action":["iam:PassRole"],"Effect":"Allow","Resource":"arn:aws:iam::*:role/AWSGlueServiceNotebookRole*","Condition":{"StringLike":{"iam:PassedToService":["ec2.amazonaws.com"]}}},)"
     R"({"Action":["iam:PassRole"],"Effect":"Allow","Resource":["arn:aws:iam::*:role/service-role/AWSGlueServiceRole*"],"Condition":{"StringLike":{"iam:PassedToService":["glue.amazonaws.com"]}}}]})"},
    {"/service-role/", "AWSGlueServiceRole", "v5", "2023-09-11T16:39:47Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["glue:*","s3:GetBucketLocation","s3:ListBucket","s3:ListAllMyBuckets","s3:GetBucketAcl","ec2:DescribeVpcEndpoints","ec2:DescribeRouteTables","ec2:CreateNetworkInterface","ec2:DeleteNetworkInterface","ec2:DescribeNetworkInterfaces","ec2:DescribeSecurityGroups","ec2:DescribeSubnets","ec2:DescribeVpcAttribute","iam:ListRolePolicies","iam:GetRole","iam:GetRolePolicy","cloudwatch:PutMetricData"],"Resource":["*"]},)"
     R"({"Effect":"Allow","Action":["s3:CreateBucket"],"Resource":["arn:aws:s3:::aws-glue-*"]},)"
     R"({"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":["arn:aws:s3:::aws-glue-*/*","arn:aws:s3:::*/*aws-glue-*/*"]},)"
     R"({"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::crawler-public*","arn:aws:s3:::aws-glue-*"]},)"
     R"({"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":["arn:aws:logs:*:*:*:/aws-glue/*"]},)"
     R"({"Effect":"Allow","Action":["ec2:CreateTags","ec2:DeleteTags"],"Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["aws-glue-service-resource"]}},"Resource":["arn:aws:ec2:*:*:network-interface/*","arn:aws:ec2:*:*:security-group/*","arn:aws:ec2:*:*:instance/*"]}]})"},
    {"/service-role/", "AWSLambdaBasicExecutionRole", "v1", "2015-04-09T15:03:43Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]})"},
    {"/service-role/", "AWSLambdaVPCAccessExecutionRole", "v3", "2024-01-05T22:38:26Z",
     R"({"Version":"2012-10-17","Statement":[{"Sid":"AWSLambdaVPCAccessExecutionPermissions","Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents","ec2:CreateNetworkInterface","ec2:DescribeNetworkInterfaces","ec2:DescribeSubnets","ec2:DeleteNetworkInterface","ec2:AssignPrivateIpAddresses","ec2:UnassignPrivateIpAddresses"],"Resource":"*"}]})"},
    {"/", "AWSLambda_FullAccess", "v5", "2026-02-11T22:18:56Z",
     R"({"Version":"2012-10-17","Statement":[{"Action":["cloudformation:DescribeStacks","cloudformation:ListStackResources","cloudwatch:ListMetrics","cloudwatch:GetMetricData","ec2:DescribeSecurityGroups","ec2:DescribeSubnets","ec2:DescribeVpcs","kms:DescribeKey","kms:ListAliases","iam:GetPolicy","iam:GetPolicyVersion","iam:GetRole","iam:GetRolePolicy","iam:ListAttachedRolePolicies","iam:ListRolePolicies","iam:ListRoles","lambda:*","logs:DescribeLogGroups","states:DescribeStateMachine","states:ListStateMachines","tag:GetResources","xray:GetTraceSummaries","xray:BatchGetTraces"],"Resource":"*","Effect":"Allow"},)"
     R"({"Action":"iam:PassRole","Resource":"*","Effect":"Allow","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}},)"
     R"({"Action":["logs:DescribeLogStreams","logs:GetLogEvents","logs:FilterLogEvents","logs:StartLiveTail","logs:StopLiveTail"],"Resource":"arn:aws:logs:*:*:log-group:/aws/lambda/*","Effect":"Allow"},)"
     R"({"Action":"iam:CreateServiceLinkedRole","Resource":"arn:aws:iam::*:role/aws-service-role/lambda.amazonaws.com/AWSServiceRoleForLambda","Effect":"Allow","Condition":{"StringEquals":{"iam:AWSServiceName":"lambda.amazonaws.com"}}}]})"},
    {"/", "AWSStepFunctionsFullAccess", "v1", "2017-01-11T21:51:32Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"states:*","Resource":"*"}]})"},
    {"/", "AdministratorAccess", "v1", "2015-02-06T18:39:46Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})"},
    {"/", "AmazonAthenaFullAccess", "v11", "2024-01-03T19:05:55Z",
     R"({"Version":"2012-10-17","Statement":[{"Sid":"BaseAthenaPermissions","Effect":"Allow","Action":["athena:*"],"Resource":["*"]},)"
     R"({"Sid":"BaseGluePermissions","Effect":"Allow","Action":["glue:CreateDatabase","glue:DeleteDatabase","glue:GetDatabase","glue:GetDatabases","glue:UpdateDatabase","glue:CreateTable","glue:DeleteTable","glue:BatchDeleteTable","glue:UpdateTable","glue:GetTable","glue:GetTables","glue:BatchCreatePartition","glue:CreatePartition","glue:DeletePartition","glue:BatchDeletePartition","glue:UpdatePartition","glue:GetPartition","glue:GetPartitions","glue:BatchGetPartition","glue:StartColumnStatisticsTaskRun","glue:GetColumnStatisticsTaskRun","glue:GetColumnStatisticsTaskRuns"],"Resource":["*"]},)"
     R"({"Sid":"BaseQueryResultsPermissions","Effect":"Allow","Action":["s3:GetBucketLocation","s3:GetObject","s3:ListBucket","s3:ListBucketMultipartUploads","s3:ListMultipartUploadParts","s3:AbortMultipartUpload","s3:CreateBucket","s3:PutObject","s3:PutBucketPublicAccessBlock"],"Resource":["arn:aws:s3:::aws-athena-query-results-*"]},)"
     R"({"Sid":"BaseAthenaExamplesPermissions","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::athena-examples*"]},)"
     R"({"Sid":"BaseS3BucketPermissions","Effect":"Allow","Action":["s3:ListBucket","s3:GetBucketLocation","s3:ListAllMyBuckets"],"Resource":["*"]},)"
     R"({"Sid":"BaseSNSPermissions","Effect":"Allow","Action":["sns:ListTopics","sns:GetTopicAttributes"],"Resource":["*"]},)"
     R"({"Sid":"BaseCloudWatchPermissions","Effect":"Allow","Action":["cloudwatch:PutMetricAlarm","cloudwatch:DescribeAlarms","cloudwatch:DeleteAlarms","cloudwatch:GetMetricData"],"Resource":["*"]},)"
     R"({"Sid":"BaseLakeFormationPermissions","Effect":"Allow","Action":["lakeformation:GetDataAccess"],"Resource":["*"]},)"
     R"({"Sid":"BaseDataZonePermissions","Effect":"Allow","Action":["datazone:ListDomains","datazone:ListProjects","datazone:ListAccountEnvironments"],"Resource":["*"]},)"
     R"({"Sid":"BasePricingPermissions","Effect":"Allow","Action":["pricing:GetProducts"],"Resource":["*"]}]})"},
    {"/service-role/", "AmazonEC2ContainerServiceforEC2Role", "v7", "2023-03-06T22:19:04Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:DescribeTags","ecs:CreateCluster","ecs:DeregisterContainerInstance","ecs:DiscoverPollEndpoint","ecs:Poll","ecs:RegisterContainerInstance","ecs:StartTelemetrySession","ecs:UpdateContainerInstancesState","ecs:Submit*","ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"},)"
     R"({"Effect":"Allow","Action":"ecs:TagResource","Resource":"*","Condition":{"StringEquals":{"ecs:CreateAction":["CreateCluster","RegisterContainerInstance"]}}}]})"},
    {"/service-role/", "AmazonECSTaskExecutionRolePolicy", "v1", "2017-11-16T18:48:22Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]})"},
    {"/", "AmazonEventBridgeSchedulerFullAccess", "v2", "2025-05-16T19:22:05Z",
     R"({"Version":"2012-10-17","Statement":[{"Action":"scheduler:*","Resource":"*","Effect":"Allow"},)"
     R"({"Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/*","Effect":"Allow","Condition":{"StringLike":{"iam:PassedToService":"scheduler.amazonaws.com"}}}]})"},
    {"/", "AmazonRedshiftAllCommandsFullAccess", "v2", "2021-11-25T02:27:31Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sagemaker:CreateTrainingJob","sagemaker:CreateAutoMLJob","sagemaker:CreateCompilationJob","sagemaker:CreateEndpoint","sagemaker:DescribeAutoMLJob","sagemaker:DescribeTrainingJob","sagemaker:DescribeCompilationJob","sagemaker:DescribeProcessingJob","sagemaker:DescribeTransformJob","sagemaker:ListCandidatesForAutoMLJob","sagemaker:StopAutoMLJob","sagemaker:StopCompilationJob","sagemaker:StopTrainingJob","sagemaker:DescribeEndpoint","sagemaker:InvokeEndpoint","sagemaker:StopProcessingJob","sagemaker:CreateModel","sagemaker:CreateProcessingJob"],"Resource":["arn:aws:sagemaker:*:*:model/*redshift*","arn:aws:sagemaker:*:*:training-job/*redshift*","arn:aws:sagemaker:*:*:automl-job/*redshift*","arn:aws:sagemaker:*:*:compilation-job/*redshift*","arn:aws:sagemaker:*:*:processing-job/*redshift*","arn:aws:sagemaker:*:*:transform-job/*redshift*","arn:aws:sagemaker:*:*:endpoint/*redshift*"]},)"
     R"({"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:DescribeLogStreams","logs:PutLogEvents"],"Resource":["arn:aws:logs:*:*:log-group:/aws/sagemaker/Endpoints/*redshift*","arn:aws:logs:*:*:log-group:/aws/sagemaker/ProcessingJobs/*redshift*","arn:aws:logs:*:*:log-group:/aws/sagemaker/TrainingJobs/*redshift*","arn:aws:logs:*:*:log-group:/aws/sagemaker/TransformJobs/*redshift*"]},)"
     R"({"Effect":"Allow","Action":["cloudwatch:PutMetricData"],"Resource":"*","Condition":{"StringEquals":{"cloudwatch:namespace":["SageMaker","/aws/sagemaker/Endpoints","/aws/sagemaker/ProcessingJobs","/aws/sagemaker/TrainingJobs","/aws/sagemaker/TransformJobs"]}}},)"
     R"({"Effect":"Allow","Action":["ecr:BatchCheckLayerAvailability","ecr:BatchGetImage","ecr:GetAuthorizationToken","ecr:GetDownloadUrlForLayer"],"Resource":"*"},)"
     R"({"Effect":"Allow","Action":["s3:GetObject","s3:GetBucketAcl","s3:GetBucketCors","s3:GetEncryptionConfiguration","s3:GetBucketLocation","s3:ListBucket","s3:ListAllMyBuckets","s3:ListMultipartUploadParts","s3:ListBucketMultipartUploads","s3:PutObject","s3:PutBucketAcl","s3:PutBucketCors","s3:DeleteObject","s3:AbortMultipartUpload","s3:CreateBucket"],"Resource":["arn:aws:s3:::redshift-downloads","arn:aws:s3:::redshift-downloads/*","arn:aws:s3:::*redshift*","arn:aws:s3:::*redshift*/*"]},)"
     R"({"Effect":"Allow","Action":["s3:GetObject"],"Resource":"*","Condition":{"StringEqualsIgnoreCase":{"s3:ExistingObjectTag/Redshift":"true"}}},)"
     R"({"Effect":"Allow","Action":["dynamodb:Scan","dynamodb:DescribeTable","dynamodb:Getitem"],"Resource":["arn:aws:dynamodb:*:*:table/*redshift*","arn:aws:dynamodb:*:*:table/*redshift*/index/*"]},)"
     R"({"Effect":"Allow","Action":["elasticmapreduce:ListInstances"],"Resource":["arn:aws:elasticmapreduce:*:*:cluster/*redshift*"]},)"
     R"({"Effect":"Allow","Action":["elasticmapreduce:ListInstances"],"Resource":"*","Condition":{"StringEqualsIgnoreCase":{"elasticmapreduce:ResourceTag/Redshift":"true"}}},)"
     R"({"Effect":"Allow","Action":["lambda:InvokeFunction"],"Resource":"arn:aws:lambda:*:*:function:*redshift*"},)"
     R"({"Effect":"Allow","Action":["glue:CreateDatabase","glue:DeleteDatabase","glue:GetDatabase","glue:GetDatabases","glue:UpdateDatabase","glue:CreateTable","glue:DeleteTable","glue:BatchDeleteTable","glue:UpdateTable","glue:GetTable","glue:GetTables","glue:BatchCreatePartition","glue:CreatePartition","glue:DeletePartition","glue:BatchDeletePartition","glue:UpdatePartition","glue:GetPartition","glue:GetPartitions","glue:BatchGetPartition"],"Resource":["arn:aws:glue:*:*:table/*redshift*/*","arn:aws:glue:*:*:catalog","arn:aws:glue:*:*:database/*redshift*"]},)"
     R"({"Effect":"Allow","Action":["secretsmanager:GetResourcePolicy","secretsmanager:GetSecretValue","secretsmanager:DescribeSecret","secretsmanager:ListSecretVersionIds"],"Resource":["arn:aws:secretsmanager:*:*:secret:*redshift*"]},)"
     R"({"Effect":"Allow","Action":["secretsmanager:GetRandomPassword","secretsmanager:ListSecrets"],"Resource":"*"},)"
     R"({"Effect":"Allow","Action":["iam:PassRole"],"Resource":"arn:aws:iam::*:role/*","Condition":{"StringEquals":{"iam:PassedToService":["redshift.amazonaws.com","glue.amazonaws.com","sagemaker.amazonaws.com","athena.amazonaws.com"]}}}]})"},
    {"/", "AmazonRedshiftDataFullAccess", "v5", "2023-04-07T18:18:32Z",
     R"({"Version":"2012-10-17","Statement":[{"Sid":"DataAPIPermissions","Effect":"Allow","Action":["redshift-data:BatchExecuteStatement","redshift-data:ExecuteStatement","redshift-data:CancelStatement","redshift-data:ListStatements","redshift-data:GetStatementResult","redshift-data:DescribeStatement","redshift-data:ListDatabases","redshift-data:ListSchemas","redshift-data:ListTables","redshift-data:DescribeTable"],"Resource":"*"},)"
     R"({"Sid":"SecretsManagerPermissions","Effect":"Allow","Action":["secretsmanager:GetSecretValue"],"Resource":"arn:aws:secretsmanager:*:*:secret:*","Condition":{"StringLike":{"secretsmanager:ResourceTag/RedshiftDataFullAccess":"*"}}},)"
     R"({"Sid":"GetCredentialsForAPIUser","Effect":"Allow","Action":"redshift:GetClusterCredentials","Resource":["arn:aws:redshift:*:*:dbname:*/*","arn:aws:redshift:*:*:dbuser:*/redshift_data_api_user"]},)"
     R"({"Sid":"GetCredentialsWithFederatedIAMCredentials","Effect":"Allow","Action":"redshift:GetClusterCredentialsWithIAM","Resource":"arn:aws:redshift:*:*:dbname:*/*"},)"
     R"({"Sid":"GetCredentialsForServerless","Effect":"Allow","Action":"redshift-serverless:GetCredentials","Resource":"arn:aws:redshift-serverless:*:*:workgroup/*","Condition":{"StringLike":{"aws:ResourceTag/RedshiftDataFullAccess":"*"}}},)"
     R"({"Sid":"DenyCreateAPIUser","Effect":"Deny","Action":"redshift:CreateClusterUser","Resource":["arn:aws:redshift:*:*:dbuser:*/redshift_data_api_user"]},)"
     R"({"Sid":"ServiceLinkedRole","Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"arn:aws:iam::*:role/aws-service-role/redshift-data.amazonaws.com/AWSServiceRoleForRedshift","Condition":{"StringLike":{"iam:AWSServiceName":"redshift-data.amazonaws.com"}}}]})"},
    {"/", "AmazonRedshiftFullAccess", "v5", "2022-07-07T23:31:13Z",
     R"({"Version":"2012-10-17","Statement":[{"Action":["redshift:*","redshift-serverless:*","ec2:DescribeAccountAttributes","ec2:DescribeAddresses","ec2:DescribeAvailabilityZones","ec2:DescribeSecurityGroups","ec2:DescribeSubnets","ec2:DescribeVpcs","ec2:DescribeInternetGateways","sns:CreateTopic","sns:Get*","sns:List*","cloudwatch:Describe*","cloudwatch:Get*","cloudwatch:List*","cloudwatch:PutMetricAlarm","cloudwatch:EnableAlarmActions","cloudwatch:DisableAlarmActions","tag:GetResources","tag:UntagResources","tag:GetTagValues","tag:GetTagKeys","tag:TagResources"],"Effect":"Allow","Resource":"*"},)"
     R"({"Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"arn:aws:iam::*:role/aws-service-role/redshift.amazonaws.com/AWSServiceRoleForRedshift","Condition":{"StringLike":{"iam:AWSServiceName":"redshift.amazonaws.com"}}},)"
     R"({"Sid":"DataAPIPermissions","Action":["redshift-data:ExecuteStatement","redshift-data:CancelStatement","redshift-data:ListStatements","redshift-data:GetStatementResult","redshift-data:DescribeStatement","redshift-data:ListDatabases","redshift-data:ListSchemas","redshift-data:ListTables","redshift-data:DescribeTable"],"Effect":"Allow","Resource":"*"},)"
     R"({"Sid":"SecretsManagerListPermissions","Action":["secretsmanager:ListSecrets"],"Effect":"Allow","Resource":"*"},)"
     R"({"Sid":"SecretsManagerCreateGetPermissions","Action":["secretsmanager:CreateSecret","secretsmanager:GetSecretValue","secretsmanager:TagResource"],"Effect":"Allow","Resource":"*","Condition":{"StringLike":{"secretsmanager:ResourceTag/RedshiftDataFullAccess":"*"}}}]})"},
    {"/", "AmazonS3FullAccess", "v2", "2021-09-27T20:16:37Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}]})"},
    {"/", "AmazonS3ReadOnlyAccess", "v3", "2023-08-10T21:31:39Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]})"},
    {"/", "AmazonSESFullAccess", "v1", "2015-02-06T18:41:02Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ses:*"],"Resource":"*"}]})"},
    {"/", "AmazonSNSFullAccess", "v1", "2015-02-06T18:41:05Z",
     R"({"Version":"2012-10-17","Statement":[{"Action":["sns:*"],"Effect":"Allow","Resource":"*"}]})"},
    {"/", "AmazonSQSFullAccess", "v1", "2015-02-06T18:41:07Z",
     R"({"Version":"2012-10-17","Statement":[{"Action":["sqs:*"],"Effect":"Allow","Resource":"*"}]})"},
    {"/", "AmazonSSMManagedInstanceCore", "v2", "2019-05-23T16:54:21Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:DescribeAssociation","ssm:GetDeployablePatchSnapshotForInstance","ssm:GetDocument","ssm:DescribeDocument","ssm:GetManifest","ssm:GetParameter","ssm:GetParameters","ssm:ListAssociations","ssm:ListInstanceAssociations","ssm:PutInventory","ssm:PutComplianceItems","ssm:PutConfigurePackageResult","ssm:UpdateAssociationStatus","ssm:UpdateInstanceAssociationStatus","ssm:UpdateInstanceInformation"],"Resource":"*"},)"
     R"({"Effect":"Allow","Action":["ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel","ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel"],"Resource":"*"},)"
     R"({"Effect":"Allow","Action":["ec2messages:AcknowledgeMessage","ec2messages:DeleteMessage","ec2messages:FailMessage","ec2messages:GetEndpoint","ec2messages:GetMessages","ec2messages:SendReply"],"Resource":"*"}]})"},
    {"/", "CloudWatchLogsFullAccess", "v3", "2025-05-20T17:07:06Z", R"({"Version":"2012-10-17","Statement":[{"Action":["logs:*","cloudwatch:GenerateQuery","cloudwatch:GenerateQueryResultsSummary"],"Resource":"*","Effect":"Allow","Sid":"CloudWatchLogsFullAccess"}]})"},
    {"/", "IAMFullAccess", "v2", "2019-06-21T19:40:00Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount","organizations:DescribeOrganization","organizations:DescribeOrganizationalUnit","organizations:DescribePolicy","organizations:ListChildren","organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots","organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}]})"},
    {"/", "IAMReadOnlyAccess", "v4", "2018-01-25T19:11:27Z",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}]})"},
    {"/", "PowerUserAccess", "v12", "2026-02-12T17:59:14Z",
     R"({"Version":"2012-10-17","Statement":[{"NotAction":["iam:*","organizations:*","account:*"],"Resource":"*","Effect":"Allow"},)"
     R"({"Action":["account:GetAccountInformation","account:GetGovCloudAccountInformation","account:GetPrimaryEmail","account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],"Resource":"*","Effect":"Allow"}]})"},
};
// clang-format on

constexpr std::string_view kPrefix = "arn:aws:iam::aws:policy";

}  // namespace

std::string AwsPolicy::arn() const {
  return std::string(kPrefix) + std::string(path) + std::string(name);
}

std::string AwsPolicy::id() const {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string id = "ANPA";
  for (const unsigned char c : sha256(arn()).substr(0, 17)) id += kAlphabet[c % 32];
  return id;
}

Time AwsPolicy::time() const {
  return parse_iso8601(updated).value_or(Time{});
}

std::span<const AwsPolicy> aws_policies() {
  return kPolicies;
}

bool is_aws_policy_arn(std::string_view arn) {
  return arn.starts_with("arn:aws:iam::aws:");
}

const AwsPolicy* find_aws_policy(std::string_view arn) {
  if (!arn.starts_with(kPrefix)) return nullptr;
  for (const AwsPolicy& policy : kPolicies)
    if (arn.substr(kPrefix.size()).starts_with(policy.path) &&
        arn.substr(kPrefix.size() + policy.path.size()) == policy.name)
      return &policy;
  return nullptr;
}

std::string aws_policy_names() {
  std::string names;
  for (const AwsPolicy& policy : kPolicies) (names += names.empty() ? "" : ", ") += policy.name;
  return names;
}

}  // namespace tarn::iam
