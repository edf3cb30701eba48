using Microsoft.AspNetCore.Routing;
using Quoin.Server.Gateway.Jobs;

namespace Quoin.Server.Control;

/// <summary><c>/api/v1/jobs</c>: the jobs of every tenant.</summary>
internal static class JobControl
{
    public static void MapJobs(this RouteGroupBuilder group, JobDesk desk, CancellationToken stopping) =>
        new JobEndpoints(desk, tenantOf: null, stopping).Map(group, root: "");
}
