"""Tool names on real wires: OpenAI and Anthropic take only letters, digits, `_` and `-`, ours have dots."""


def encode(name: str) -> str:
    return name.replace(".", "__")


def decode(name: str) -> str:
    return name.replace("__", ".")
