"""What a reporter says to get the document: in which form, and the access code once more."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

_FORMS = [
    ("pdf", _("PDF, to print or to send")),
    ("html", _("Web page, which a screen reader reads well")),
    ("text", _("Plain text")),
]
_WORDS = ("words", _("No document, but advice for you, and letters to make your own"))


class PaperForm(forms.Form):
    """*drawn*: whether a PDF can show the language; one that runs from right to left it can't, a web page can.
    *whole*: whether letters of the person depicted are offered, too."""

    use_required_attribute = False
    form = forms.ChoiceField(
        label=_("As what?"),
        choices=_FORMS,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )
    code = forms.CharField(
        max_length=80,
        label=_("Your access code, once more"),
        help_text=_("Twenty letters and digits. We ask in case somebody else sits at this device."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={"required": _("Type the access code.")},
    )

    def __init__(self, *args: Any, drawn: bool, whole: bool, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        field = self.fields["form"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*(_FORMS if drawn else _FORMS[1:]), *([_WORDS] if whole else [])]
