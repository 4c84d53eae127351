import { Component, onMounted, onWillUnmount, xml } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const EVERY = 2000;

/** Reads the record of its form again while its state is "running", so that people see how far it is. */
export class Follow extends Component {
    static template = xml``;
    static props = { ...standardWidgetProps };

    setup() {
        onMounted(() => {
            this.timer = setInterval(() => this.read(), EVERY);
        });
        onWillUnmount(() => clearInterval(this.timer));
    }

    async read() {
        if (this.props.record.data.state === "running") {
            await this.props.record.load();
        }
    }
}

registry.category("view_widgets").add("lockgate_follow", { component: Follow });
