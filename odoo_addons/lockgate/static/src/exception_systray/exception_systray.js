import { Component, onWillDestroy, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useBus, useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";

// Many that come at once, as with a channel that fails, are counted once.
const TOGETHER = 300;

/**
 * The user's open exceptions as a badge at the top of the screen; a click lists them. It is counted again
 * whenever Odoo tells that one came or went, and whenever another screen is shown.
 */
export class ExceptionSystray extends Component {
    static template = "lockgate.ExceptionSystray";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ shown: false, count: 0 });
        this.title = _t("My open exceptions");
        onWillStart(async () => {
            this.state.shown = await user.hasGroup("lockgate.lockgate_group_exception_owner");
            await this.count();
        });
        const count = useDebounced(() => this.count(), TOGETHER);
        useBus(this.env.bus, "ACTION_MANAGER:UI-UPDATED", count);
        const bus = useService("bus_service");
        bus.subscribe("lockgate.exceptions", count);
        onWillDestroy(() => bus.unsubscribe("lockgate.exceptions", count));
    }

    async count() {
        if (this.state.shown) {
            this.state.count = await this.orm.silent.call("lockgate.exception", "my_open_count", []);
        }
    }

    open() {
        this.action.doAction("lockgate.lockgate_exception_action", {
            additionalContext: { search_default_mine: 1 },
            clearBreadcrumbs: true,
        });
    }
}

registry
    .category("systray")
    .add("lockgate.ExceptionSystray", { Component: ExceptionSystray }, { sequence: 30 });
