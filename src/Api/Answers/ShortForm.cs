using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Backlinks.Api;

/// <summary>An element of a list in a body that may be written short, as a text.</summary>
public interface IShortForm<TSelf> where TSelf : IShortForm<TSelf>
{
    /// <summary>What the text means, for the document of the API.</summary>
    static abstract string ShortMeaning { get; }

    /// <summary>The element that a text means.</summary>
    /// <exception cref="FormatException">It means none; the message says what would.</exception>
    static abstract TSelf Of(string text);
}

/// <summary>A list whose elements are each a text, the short form, or an object: <c>["a.example", {"target": "b.example", "mode": "domain"}]</c>. It is written as objects.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ShortFormAttribute<T>([CallerMemberName] string property = "") : ShortFormAttribute where T : class, IShortForm<T>
{
    public override Type Element => typeof(T);

    public override string Meaning => T.ShortMeaning;

    public override JsonConverter CreateConverter(Type typeToConvert) => new ListConverter(property);

    private sealed class ListConverter(string property) : JsonConverter<IReadOnlyList<T>>
    {
        public override IReadOnlyList<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            string place = "$." + (options.PropertyNamingPolicy?.ConvertName(property) ?? property);
            if (reader.TokenType != JsonTokenType.StartArray)
                throw new ElementException("must be a list", place);
            var list = new List<T>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                list.Add(Element(ref reader, $"{place}[{list.Count}]", options));
            return list;
        }

        public override void Write(Utf8JsonWriter writer, IReadOnlyList<T> value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, (IEnumerable<T>)value, options);

        private static T Element(ref Utf8JsonReader reader, string place, JsonSerializerOptions options)
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.String:
                    try
                    {
                        return T.Of(reader.GetString()!);
                    }
                    catch (FormatException wrong)
                    {
                        throw new ElementException(wrong.Message, place);
                    }
                    catch (InvalidOperationException wrong) // half of a surrogate pair
                    {
                        throw new ElementException("is no text", place, wrong);
                    }
                case JsonTokenType.StartObject:
                    try
                    {
                        return JsonSerializer.Deserialize<T>(ref reader, options)!;
                    }
                    catch (JsonException wrong) // whose place is within the element
                    {
                        throw new JsonException(wrong.Message, place + wrong.Path?.TrimStart('$'), wrong.LineNumber, wrong.BytePositionInLine, wrong.InnerException);
                    }
                case JsonTokenType.Null:
                    return null!; // who takes the list says of all that is missing at once
                default:
                    throw new ElementException("must be a text or an object", place);
            }
        }
    }
}

/// <inheritdoc cref="ShortFormAttribute{T}"/>
internal abstract class ShortFormAttribute : JsonConverterAttribute
{
    /// <summary>The type of the object.</summary>
    public abstract Type Element { get; }

    /// <summary>What a text means.</summary>
    public abstract string Meaning { get; }
}

/// <summary>What is wrong with one element of a list, in words that are told as they are.</summary>
/// <param name="place">As <see cref="JsonException.Path"/> has it.</param>
internal sealed class ElementException(string problem, string place, Exception? inner = null) : JsonException(problem, place, null, null, inner);
