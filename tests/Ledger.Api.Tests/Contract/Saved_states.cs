using System.Buffers;
using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Api.Tests.Contract;

/// <summary>Random histories by request: what is saved of an account brings it back whole, at every version, and equals what the store keeps.</summary>
public sealed class Saved_states(ContractService service, ITestOutputHelper output) : IClassFixture<ContractService>
{
    private const int Rounds = 40;
    private const int LinesEach = 25;

    [Fact]
    public async Task Every_state_is_brought_back_as_it_was_saved()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LEDGER_SEED"), System.Globalization.CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount;
        output.WriteLine($"LEDGER_SEED={seed}");
        var random = new Random(seed);
        var accounts = new List<TestAccount>();
        for (var i = 0; i < 4; i++) accounts.Add(await service.OpenAsync(i % 2 == 0 ? ""","overdraftLimit":30.5,"metadata":{"a":"ä","b":""}""" : ""));
        var (used, bought, holds) = (new List<(string, string)>(), new List<(string, string)>(), new List<(string, string)>());
        var done = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var lines = Enumerable.Range(0, LinesEach).Select(_ => Line(random, accounts, used, bought, holds)).ToList();
            foreach (var line in await service.Admin.Batch(lines))
            {
                line.Status.ShouldBeLessThan(500, line.Body);
                if (line.Status >= 400) continue;
                done++;
                if (line.MediaType == "hold") holds.Add((line["accountId"], line["id"]));
                else if (line["type"] == "consumption") used.Add((line["accountId"], line["id"]));
                else if (line["type"] == "purchase") bought.Add((line["accountId"], line["id"]));
            }

            await service.PassAsync(TimeSpan.FromHours(random.Next(0, 20)));
        }

        done.ShouldBeGreaterThan(Rounds * LinesEach / 4);
        var model = new AccountModel();
        var reader = service.Services.GetRequiredService<EventReader>();
        var checkedStates = 0;
        foreach (var account in accounts)
        {
            var stream = AccountModel.StreamOf("default", new AccountId(account.Id));
            var state = model.Initial(stream);
            for (var from = 1L; ; from += EventReader.PageMax)
            {
                var events = await reader.EventsAsync(stream, from, EventReader.PageMax);
                foreach (var stored in events)
                {
                    state = model.Evolve(state, stored.Data, stored.RecordedAt);
                    var saved = Save(model, state);
                    var loaded = (Account)model.Load(stream, saved);
                    loaded.ShouldBe((Account)state);
                    Save(model, loaded).ShouldBe(saved);
                    checkedStates++;
                }

                if (events.Count < EventReader.PageMax) break;
            }

            var now = (await reader.StateAsync(stream))!;
            // The sweep may have written more since.
            if (now.Version == ((Account)state).Version) ((Account)now.State).ShouldBe((Account)state);
            ((Account)(await reader.StateAtVersionAsync(stream, ((Account)state).Version))!.State).ShouldBe((Account)state);
        }

        output.WriteLine($"{done} lines done, {checkedStates} states");
    }

    private static byte[] Save(AccountModel model, object state)
    {
        var buffer = new ArrayBufferWriter<byte>();
        model.Save(state, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    private static string Line(Random random, List<TestAccount> accounts, List<(string Account, string Id)> used, List<(string Account, string Id)> bought, List<(string Account, string Id)> holds)
    {
        var account = accounts[random.Next(accounts.Count)].Id;
        var amount = random.Next(3) == 0 ? $"{random.Next(0, 20)}.{random.Next(1, 1_000_000):000000}" : random.Next(1, 30).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var ends = random.Next(2) == 0 ? "" : $",\"expiresAt\":\"{DateTimeOffset.UtcNow.AddDays(random.Next(20, 60)):yyyy-MM-dd'T'HH:mm:ss'Z'}\"";
        var note = random.Next(2) == 0 ? "" : ",\"actor\":\"u\",\"description\":\"ä\",\"reference\":\"r\",\"metadata\":{\"k\":\"v\"}";
        var spending = random.Next(2) == 0 ? "" : $$""","service":"s","operation":"o","resource":{"type":"t","id":"{{random.Next(5)}}"},"oncePerResource":true,"usage":{"inputTokens":{{random.Next(100)}},"success":true,"requestData":{"a":[1.5,null]} }""";
        string Item(List<(string Account, string Id)> items, string name)
        {
            if (items.Count == 0) return $",\"{name}\":\"none\"";
            (account, var id) = items[random.Next(items.Count)];
            return $",\"{name}\":\"{id}\"";
        }

        var (command, members) = random.Next(14) switch
        {
            < 2 => ("grant", $",\"amount\":{amount},\"source\":\"bonus\",\"priority\":{random.Next(256)}{ends}"),
            < 4 => ("purchase", $$""","creditAmount":{{amount}},"price":{"amount":{{random.Next(5000)}},"currency":"usd"}{{ends}}"""),
            < 7 => ("consume", $",\"amount\":{amount}{spending}"),
            < 9 => ("hold", $",\"amount\":{amount}{spending}"),
            9 => ("capture", Item(holds, "holdId") + (random.Next(2) == 0 ? "" : $",\"amount\":{amount}")),
            10 => ("release", Item(holds, "holdId")),
            11 => ("refund_consumption", Item(used, "txnId") + ",\"reason\":\"r\"" + (random.Next(2) == 0 ? "" : $",\"amount\":{amount}")),
            12 => ("refund_purchase", Item(bought, "txnId") + ",\"reason\":\"r\",\"allowDebt\":" + (random.Next(2) == 0 ? "true" : "false")),
            _ => ("transfer", $",\"amount\":{amount},\"toAccountId\":\"{accounts[random.Next(accounts.Count)].Id}\""),
        };
        return $$"""{"key":"{{Guid.NewGuid()}}","accountId":"{{account}}","command":"{{command}}"{{members}}{{note}}}""";
    }
}
