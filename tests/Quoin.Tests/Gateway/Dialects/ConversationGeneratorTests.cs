using Quoin.Server.Gateway.Conversation;

namespace Quoin.Tests.Gateway.Dialects;

public sealed class ConversationGeneratorTests
{
    private const Sayings Everything = (Sayings)((1L << 41) - 1);

    [Fact]
    public void The_same_seed_makes_the_same_conversation()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            Assert.Equal(
                ConversationText.Of(new ConversationGenerator(seed, Everything).Request()),
                ConversationText.Of(new ConversationGenerator(seed, Everything).Request()));
        }
    }

    [Fact]
    public void A_stream_cut_and_interleaved_assembles_to_the_answer()
    {
        var overlaps = 0;
        for (var seed = 0; seed < 300; seed++)
        {
            var generator = new ConversationGenerator(seed, Everything);
            var response = generator.Response();
            var events = generator.Stream(response, overlap: true).ToList();

            Assert.Equal(ConversationText.Of(response), ConversationText.Of(ChatResponse.Assemble(events)));
            var open = 0;
            foreach (var e in events)
            {
                open += e is BlockStarted ? 1 : e is BlockStopped ? -1 : 0;
                overlaps += open > 1 ? 1 : 0;
            }
        }

        Assert.True(overlaps > 0);
    }

    [Fact]
    public void What_a_dialect_cannot_say_is_not_made()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var request = new ConversationGenerator(seed, Sayings.None).Request();
            var parts = request.Turns.SelectMany(turn => turn.Parts).ToList();

            Assert.DoesNotContain(parts, part => part is MediaPart or ReasoningPart or RefusalPart);
            Assert.True(request.Temperature is null or <= 1);
            Assert.Null(request.Seed);
            Assert.Null(request.Reasoning);
            Assert.Equal(Role.User, request.Turns[^1].Role);
        }
    }
}
