import { registry } from "@web/core/registry";
import { StatusBarField, statusBarField } from "@web/views/fields/statusbar/statusbar_field";

// What is read from seals and publications, for as many of its prices as the model's `…_text` says.
const STAGES = ["effective", "published", "reconciled"];

/** The status bar of a price change: “Published 3 of 6” once there are prices to publish. */
export class StagesField extends StatusBarField {
    getAllItems() {
        const { data } = this.props.record;
        return super.getAllItems().map((item) => {
            const reached = STAGES.includes(item.value) && data[`${item.value}_text`];
            return reached ? { ...item, label: `${item.label} ${reached}` } : item;
        });
    }
}

registry.category("fields").add("lockgate_price_stages", {
    ...statusBarField,
    component: StagesField,
    fieldDependencies: STAGES.map((stage) => ({ name: `${stage}_text`, type: "char" })),
});
