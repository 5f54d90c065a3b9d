using System.Text;
using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.EventStore;
using Microsoft.AspNetCore.Http;

namespace Ledger.Api.Tests.Http;

public sealed class Lines_of_a_batch
{
    private static readonly Caller App = new() { Roles = Roles.App, Id = "key_1", TenantOrNone = "acme" };

    private static string Line(int number) => $$"""{"key":"k{{number}}","accountId":"a","command":"consume","amount":{{number + 1}}}""";

    private static async Task<BatchBody?> BodyOf(string text, bool isLengthKnown, int bytesMax = BatchEndpoint.BytesMax)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var http = new DefaultHttpContext();
        http.Request.Body = new MemoryStream(bytes);
        http.Request.ContentLength = isLengthKnown ? bytes.Length : null;
        return await BatchBody.ReadAsync(http.Request, bytesMax, CancellationToken.None);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 9_000)]
    [InlineData(false, 1)]
    [InlineData(false, 9_000)]
    public async Task All_lines_are_read_however_they_come_and_however_many_are_asked_for(bool isLengthKnown, int count)
    {
        using var body = (await BodyOf(string.Join("\n", Enumerable.Range(0, count).Select(Line)) + "\n \t\r\n", isLengthKnown)).ShouldNotBeNull();
        body.LineCount.ShouldBe(count);
        var reader = new BatchReader(body, App, EventMeta.None);
        var keys = new List<string?>();
        while (await reader.ReadAsync(250) is { Count: > 0 } piece)
        {
            piece.Count.ShouldBeLessThanOrEqualTo(250);
            keys.AddRange(piece.Select(line => line.Envelope.ShouldNotBeNull().Key));
        }

        keys.ShouldBe(Enumerable.Range(0, count).Select(number => $"k{number}"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_has_so_many_bytes_and_no_more(bool isLengthKnown)
    {
        (await BodyOf(new string(' ', 100_000), isLengthKnown, 100_000)).ShouldNotBeNull().Dispose();
        (await BodyOf(new string(' ', 100_001), isLengthKnown, 100_000)).ShouldBeNull();
    }

    [Fact]
    public async Task A_long_batch_gives_its_thread_back_again_and_again()
    {
        using var body = (await BodyOf(string.Join("\n", Enumerable.Range(0, 320).Select(Line)), true)).ShouldNotBeNull();
        var turns = new Turns();
        var reading = turns.In(() => new BatchReader(body, App, EventMeta.None).ReadAsync(320));
        reading.IsCompleted.ShouldBeFalse();
        var given = 0;
        while (!reading.IsCompleted)
        {
            turns.TryGoOn().ShouldBeTrue();
            given++;
        }

        given.ShouldBe(320 / BatchEndpoint.LinesATurn);
        (await reading).Count.ShouldBe(320);
    }

    /// <summary>Keeps what goes on later, as the pool's queue does, until it is told to go on.</summary>
    private sealed class Turns : SynchronizationContext
    {
        private readonly Queue<(SendOrPostCallback Step, object? State)> waiting = new();

        public override void Post(SendOrPostCallback d, object? state) => waiting.Enqueue((d, state));

        public bool TryGoOn()
        {
            if (!waiting.TryDequeue(out var next)) return false;
            return In(() =>
            {
                next.Step(next.State);
                return true;
            });
        }

        public T In<T>(Func<T> step)
        {
            var before = Current;
            SetSynchronizationContext(this);
            try
            {
                return step();
            }
            finally
            {
                SetSynchronizationContext(before);
            }
        }
    }
}
