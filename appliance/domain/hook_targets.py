"""What a delivery does: one Struct for each kind of target, with what it checks and what it carries out."""

from appliance.domain.hook_given import check_templates
from appliance.domain.hook_task_targets import StartTask, TaskSignal
from appliance.domain.hook_workflow_targets import InstanceSignal, StartWorkflow
from appliance.domain.workflows.expression_parts import OPENING
from appliance.errors import invalid

Target = TaskSignal | StartTask | StartWorkflow | InstanceSignal


def check_condition(text: str) -> None:
    """Raises Problem(invalid) for a condition that can't be understood."""
    if text and not text.strip().startswith(OPENING):
        raise invalid(only_if="write it as ${{ … }}, such as ${{ body.action == 'opened' }}")
    check_templates(text, "only_if")
