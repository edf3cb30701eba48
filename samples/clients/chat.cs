#:package OpenAI@2.15.0
#:property PublishAot=false
using System.ClientModel;
using OpenAI;
using OpenAI.Chat;

// The official OpenAI client for .NET, pointed at Quoin: dotnet run samples/clients/chat.cs
var address = Environment.GetEnvironmentVariable("QUOIN_URL") ?? "http://127.0.0.1:8080";
var model = Environment.GetEnvironmentVariable("QUOIN_MODEL") ?? "sim";
var client = new ChatClient(
    model, new ApiKeyCredential("unused"), new OpenAIClientOptions { Endpoint = new Uri(address + "/v1") });

ChatCompletion answer = await client.CompleteChatAsync("Say hello.");
Console.WriteLine(answer.Content[0].Text);
Console.WriteLine($"{answer.Usage.InputTokenCount} tokens in, {answer.Usage.OutputTokenCount} out");

await foreach (var update in client.CompleteChatStreamingAsync("Say hello."))
{
    foreach (var part in update.ContentUpdate)
    {
        Console.Write(part.Text);
    }
}

Console.WriteLine();
