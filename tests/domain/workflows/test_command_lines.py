"""Commands are split as they are written; what is wrong with one is found when the workflow is checked."""

import pytest

from appliance.domain.workflows import command_lines, reading

YAML = "slug: say-it\nsteps:\n  - {{id: say, command: {command}}}\n"


@pytest.mark.parametrize("command", ["'echo \"open'", "'  '", '"sh -c \'x"'])
def test_a_command_that_can_not_be_split_is_found_by_the_check(command: str) -> None:
    [fault] = reading.check(YAML.format(command=command)).faults
    assert (fault.path, fault.line) == ("steps[0].command", 3)
    assert fault.message.startswith("the command can't be read: ")


def test_a_wrong_expression_in_a_command_is_told_once() -> None:
    [fault] = reading.check(YAML.format(command="'echo ${{ inputs. }}'")).faults
    assert "the command" not in fault.message


def test_words_are_those_of_the_command_as_it_is_written() -> None:
    given = {"${{ a }}": "x y", "${{ b }}": "'"}
    found = command_lines.words("""run ${{ a }}${{b}} 'q ${{ a }}' --n="${{ b }}" """, given.__getitem__)
    assert found == ["run", "x y'", "q x y", "--n='"]
