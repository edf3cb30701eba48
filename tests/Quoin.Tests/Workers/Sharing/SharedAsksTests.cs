using System.Buffers;
using Quoin.MessagePack;
using Quoin.Server.Workers.Sharing;

namespace Quoin.Tests.Workers.Sharing;

public sealed class SharedAsksTests
{
    private readonly SharedAsks _asks = new();

    [Fact]
    public async Task Answers_come_in_any_order()
    {
        _asks.Connect();
        Question[] questions = [new("a"), new("b"), new("c")];
        Assert.All(questions, question => Assert.True(_asks.TryAsk(question)));
        Assert.Equal(["1 a", "2 b", "3 c"], Sent());
        Answer(3, "three");
        Answer(1, "one");
        Answer(2, "two");
        Assert.Equal(["one", "two", "three"], await Task.WhenAll(questions.Select(TextOf)));
    }

    [Fact]
    public async Task What_was_noted_before_a_question_is_sent_before_it()
    {
        _asks.Connect();
        var question = new Question("question");
        _asks.TryNote(output => Write(output, 0, "note"));
        Assert.True(_asks.TryAsk(question));
        Assert.Equal(["0 note", "1 question"], Sent());
        Assert.Empty(Sent());
        _asks.Disconnect();
        Assert.False((await question.Reply).Available);
    }

    [Fact]
    public async Task Without_a_connection_notes_wait_and_questions_do_not()
    {
        Assert.False(_asks.TryAsk(new Question("early")));
        Assert.True(_asks.TryNote(output => Write(output, 0, "first")));
        _asks.Connect();
        var question = new Question("lost");
        Assert.True(_asks.TryAsk(question));
        Assert.Equal(1, question.Connection);
        Sent(again: false);
        _asks.TryNote(output => Write(output, 0, "second"));
        _asks.Disconnect();
        Assert.False((await question.Reply).Available);
        Assert.Equal(1, _asks.Lost);

        _asks.Connect();
        Assert.Equal(["0 second"], Sent());
        Answer(1, "of the connection before");
        Assert.Equal(1, _asks.Lost);
    }

    [Fact]
    public async Task A_late_answer_is_given_back()
    {
        _asks.Connect();
        var question = new Question("a");
        _asks.TryAsk(question);
        Assert.True(question.Abandon());
        Answer(1, "late");
        Assert.Equal("late", question.GivenBack);

        var inTime = new Question("b");
        _asks.TryAsk(inTime);
        Answer(2, "in time");
        Assert.False(inTime.Abandon());
        Assert.Null(inTime.GivenBack);
        Assert.Equal("in time", await TextOf(inTime));
    }

    [Fact]
    public async Task An_unknown_question_is_answered_without_an_answer()
    {
        _asks.Connect();
        var question = new Question("a");
        _asks.TryAsk(question);
        var message = new ArrayBufferWriter<byte>();
        SharedHeader.Write(new MessagePackWriter(message), SharedKind.Unknown, 1, 0);
        _asks.Answer(new ReadOnlySequence<byte>(message.WrittenMemory));
        Assert.Equal((true, null), ((await question.Reply).Available, (await question.Reply).Answer));
    }

    [Fact]
    public async Task An_answer_that_cannot_be_read_is_none()
    {
        _asks.Connect();
        var question = new Question("a");
        _asks.TryAsk(question);
        var message = new ArrayBufferWriter<byte>();
        SharedHeader.Write(new MessagePackWriter(message), SharedKind.Spent, 1, 0);
        _asks.Answer(new ReadOnlySequence<byte>(message.WrittenMemory));
        Assert.False((await question.Reply).Available);
    }

    [Fact]
    public void What_waits_has_a_bound_and_the_rest_is_counted()
    {
        var text = new string('x', 4000);
        var noted = 0;
        while (_asks.TryNote(output => Write(output, 0, text)))
        {
            noted++;
        }

        Assert.InRange((long)noted * text.Length, SharingLimits.NotedBytes - 8000, SharingLimits.NotedBytes);
        Assert.Equal(1, _asks.Lost);
        _asks.Connect();
        for (var i = 0; i < SharingLimits.Asked; i++)
        {
            Assert.True(_asks.TryAsk(new Question("a")));
        }

        Assert.False(_asks.TryAsk(new Question("a")));
    }

    private static void Write(IBufferWriter<byte> output, long id, string text)
    {
        var writer = new MessagePackWriter(output);
        SharedHeader.Write(writer, SharedKind.Spent, id, 1);
        writer.WriteString(text);
    }

    private static async Task<string> TextOf(Question question) => (await question.Reply).Answer ?? "nothing";

    private void Answer(long id, string text)
    {
        var message = new ArrayBufferWriter<byte>();
        Write(message, id, text);
        _asks.Answer(new ReadOnlySequence<byte>(message.WrittenMemory));
    }

    /// <param name="again">The sending ends well.</param>
    private List<string> Sent(bool again = true)
    {
        var framing = new MessagePackFraming(SharingLimits.Message);
        var bytes = new ReadOnlySequence<byte>(_asks.TakeUnsent().ToArray());
        var said = new List<string>();
        while (framing.TryReadMessage(ref bytes, out var message))
        {
            var reader = new MessagePackReader(message);
            var (_, id, _) = SharedHeader.Read(ref reader);
            said.Add($"{id} {reader.ReadString()}");
        }

        if (again && said.Count > 0)
        {
            Assert.Empty(Sent());
        }

        return said;
    }

    private sealed class Question(string text) : SharedQuestion<string>
    {
        public string? GivenBack { get; private set; }

        public override void Write(IBufferWriter<byte> output, long id) => SharedAsksTests.Write(output, id, text);

        public override void GiveBack(string answer) => GivenBack = answer;

        protected override string? Read(SharedKind kind, ref MessagePackReader reader, int fields) =>
            kind == SharedKind.Spent ? reader.ReadString() : null;
    }
}
