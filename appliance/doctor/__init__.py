"""Is everything all right here? Each check says what it saw and, when something is wrong, what to do.

Nothing is changed, unless `mend` is asked for: it mends what is safe and says what it did.
"""

from appliance.doctor.examining import counted as counted
from appliance.doctor.examining import examine as examine
from appliance.doctor.examining import mend as mend
from appliance.doctor.finding import SEVERITIES as SEVERITIES
from appliance.doctor.finding import Finding as Finding
