import { registry } from "@web/core/registry";
import { RedirectWarningDialog } from "@web/core/errors/error_dialogs";
import { _t } from "@web/core/l10n/translation";

/** A direct edit of a governed price was refused: offers to draft a price change with it instead. */
class GovernedPriceDialog extends RedirectWarningDialog {
    setup() {
        super.setup();
        const { data } = this.props;
        this.title = _t("Governed Price");
        this.message = data.message;
        this.actionId = data.context.action;
        this.buttonText = _t("Draft a Price Change");
        this.additionalContext = data.context.values;
    }
}

registry
    .category("error_dialogs")
    .add("odoo.addons.lockgate_price.models.price_guard.GovernedPriceError", GovernedPriceDialog);
