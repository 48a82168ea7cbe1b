"""One turn of an SDK, run by the interpreter of the clients' own environment: SURFACE TURN ADDRESS KEY MODEL."""

import sys
from typing import Any

PROMPTS = {"tool": "Use the TOOL", "long": "Answer WITHOUT-END"}
# What is refused must be left alone by the SDK as it comes.
RETRIES = {"long": 2, "refused": 2}
SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
ABOUT = {"name": "run_tool", "description": "Says a word."}


def chat(turn: str, address: str, key: str, model: str) -> str:
    import openai

    client: Any = openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=RETRIES.get(turn, 0))
    said: list[Any] = [{"role": "user", "content": PROMPTS.get(turn, "Say hello")}]
    create = client.chat.completions.create
    if turn in ("stream", "long"):
        chunks = create(model=model, messages=said, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    tools = [{"type": "function", "function": ABOUT | {"parameters": SCHEMA}}]
    told = create(model=model, messages=said, tools=tools).choices[0].message
    if turn == "tool":
        (call,) = told.tool_calls
        said += [told.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": word(call)}]
        told = create(model=model, messages=said, tools=tools).choices[0].message
    return str(told.content)


def responses(turn: str, address: str, key: str, model: str) -> str:
    import openai

    client: Any = openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=RETRIES.get(turn, 0))
    said: list[Any] = [{"role": "user", "content": PROMPTS.get(turn, "Say hello")}]
    tools = [{"type": "function", "strict": False, "parameters": SCHEMA} | ABOUT]
    if turn in ("stream", "long"):
        with client.responses.stream(model=model, input=said, store=False) as stream:
            return "".join(map(heard, stream))
    told = client.responses.create(model=model, input=said, tools=tools, store=False)
    if turn == "tool":
        (call,) = told.output
        output = {"type": "function_call_output", "call_id": call.call_id, "output": word(call)}
        said += [call.model_dump(exclude_none=True), output]
        told = client.responses.create(model=model, input=said, tools=tools, store=False)
    return str(told.output_text)


def messages(turn: str, address: str, key: str, model: str) -> str:
    import anthropic

    client: Any = anthropic.Anthropic(base_url=address, api_key=key, max_retries=RETRIES.get(turn, 0))
    said: list[Any] = [{"role": "user", "content": PROMPTS.get(turn, "Say hello")}]
    tools = [ABOUT | {"input_schema": SCHEMA}]
    if turn in ("stream", "long"):
        with client.messages.stream(model=model, max_tokens=32_000, messages=said) as stream:
            return "".join(stream.text_stream)
    told = client.messages.create(model=model, max_tokens=500, messages=said, tools=tools).content
    if turn == "tool":
        (call,) = told
        result = {"type": "tool_result", "tool_use_id": call.id, "content": call.input["word"]}
        said += [{"role": "assistant", "content": [call.model_dump(exclude_none=True)]}]
        said += [{"role": "user", "content": [result]}]
        told = client.messages.create(model=model, max_tokens=500, messages=said, tools=tools).content
    return str(told[0].text)


def heard(event: Any) -> str:
    """A stream that fails raises nothing: its last event says so."""
    if event.type == "response.failed":
        return str(event.response.error.message)
    return event.delta if event.type == "response.output_text.delta" else ""


def word(call: Any) -> str:
    import json

    return str(json.loads(getattr(call, "arguments", None) or call.function.arguments)["word"])


if __name__ == "__main__":
    surface, *given = sys.argv[1:]
    print({"chat": chat, "responses": responses, "messages": messages}[surface](*given))
